//! Many layers at once, good and bad, with kills in between, against the obvious model: one after the other, each arrives whole
//! or leaves nothing.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng};
use strata_catalog::etl::{EtlCatalog, LayerId, LayerState};

use crate::make_role;
use crate::mortal::Death;
use crate::world::World;

const ROLES: [&str; 3] = ["a", "b", "c"];
const LAYERS: usize = 12;
const HISTORIES: u64 = 4;

#[test]
fn layers_arrive_in_order_or_not_at_all() {
    for seed in 0..HISTORIES {
        history(seed);
    }
}

fn history(seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut world = World::new();
    let mut server = world.server();
    for role in ROLES {
        make_role(&server, role, r#"{"settle": "150 ms", "deadline": "2 s"}"#);
    }
    for role in ROLES {
        world.instances(role, &[&format!("{role}1"), &format!("{role}2")]);
    }
    world.assert_settled(&server);
    // What each layer says of each role, as far as it is in the catalog.
    let mut said: BTreeMap<LayerId, BTreeMap<&str, String>> = BTreeMap::new();
    let mut last = LayerId(3);
    for number in 0..LAYERS {
        if chance.random_bool(0.2) {
            drop(server);
            let death = if chance.random_bool(0.5) { Death::Before(chance.random_range(0..30)) } else { Death::Never };
            server = world.mortal_server(death);
        }
        let mut layer = BTreeMap::new();
        for role in ROLES {
            if chance.random_bool(0.5) {
                let bad = match chance.random_range(0..6) {
                    0 => "refuse",
                    1 => "die",
                    _ => "fine",
                };
                layer.insert(role, format!("{number} {bad}@{role}{}", chance.random_range(1..3)));
            }
        }
        let statements = layer.iter().map(|(role, words)| format!("{};", crate::say(role, words))).collect::<String>();
        let _ = server.sql_or_death(&format!("SET etl.apply = 'async'; BEGIN; {statements} COMMIT"));
        let (made, _) = world.block_on(world.store.layers(last)).unwrap();
        for new in made {
            last = new.id;
            said.insert(new.id, layer.clone());
        }
    }
    drop(server);
    let server = world.server();
    world.assert_settled(&server);

    let mut expected: BTreeMap<&str, String> = ROLES.iter().map(|role| (*role, "first".to_owned())).collect();
    for (id, layer) in said {
        let bad = layer.values().any(|words| !words.contains("fine"));
        let state = server.engine().configuration().stack().layer(id).unwrap().state;
        assert_eq!(state, if bad { LayerState::Failed } else { LayerState::Active }, "seed {seed}, layer {id}: {layer:?}");
        if !bad {
            expected.extend(layer);
        }
    }
    for sidecar in &world.sidecars {
        assert_eq!(world.has(&sidecar.id), expected[sidecar.role.as_str()], "seed {seed}, {}", sidecar.id);
    }
}
