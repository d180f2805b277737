//! Programs with which people look around in a database: Apache Superset and pgAdmin 4.

use std::path::Path;

use crate::events;
use crate::world::{World, beside, check, is_heavy_wanted, python_of};

#[test]
fn superset_draws_a_chart() {
    if !is_heavy_wanted() {
        return;
    }
    let Some(mut python) = python_of("superset", "python") else { return };
    let world = World::start();
    let sql = world.sql();
    events::fill(&sql, 100_000);
    sql.rows("CREATE VIEW logs.by_service AS SELECT service, count(*) AS records FROM logs.events GROUP BY service").unwrap();
    // Kept, so that somebody can look at it.
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("superset.png");
    check(
        python.arg(beside("superset_client.py")).arg(world.address()).arg(world.folder.path().join("superset")).arg(&picture),
        6,
    );
    println!("the chart: {}", picture.display());
}

#[test]
fn pgadmin_asks_the_catalog() {
    if !is_heavy_wanted() {
        return;
    }
    let Some(mut python) = python_of("pgadmin", "python") else { return };
    let world = World::start();
    world.sql().rows("ALTER USER strata PASSWORD 'a password'").unwrap();
    let address = world.address().replace("strata@", "strata:a%20password@");
    check(python.arg(beside("pgadmin_client.py")).arg(address), 2);
}
