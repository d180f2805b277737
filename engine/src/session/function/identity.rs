//! Who is asking, of what: `version()`, `current_user`, `current_database()`, `current_schema()` ...

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use super::{Definition, Surroundings, text, text_value};
use crate::session::setting::registry::SERVER_VERSION;

pub(super) static ALL: &[Definition] = &[
    Definition::constant("version", &[], text, |_, _| {
        let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
        // Drivers take the first number for PostgreSQL's version and switch features on it.
        Ok(text_value(format!("PostgreSQL {SERVER_VERSION} (Strata {}) on {arch}-{os}, 64-bit", env!("CARGO_PKG_VERSION"))))
    }),
    Definition::constant("current_user", &["user", "current_role"], text, |around, _| {
        Ok(text_value(around.session.current_user()))
    }),
    Definition::constant("session_user", &[], text, |around, _| Ok(text_value(around.session.user.clone()))),
    Definition::constant("current_database", &["current_catalog"], text, |around, _| {
        Ok(text_value(around.session.database.clone()))
    }),
    Definition::constant("current_schema", &[], text, |around, _| {
        Ok(ScalarValue::Utf8(schemas(around).into_iter().find(|schema| schema != "pg_catalog")))
    }),
    Definition {
        name: "current_schemas",
        aliases: &[],
        arguments: &[&[DataType::Boolean]],
        returns: || DataType::new_list(DataType::Utf8, true),
        volatility: datafusion::logical_expr::Volatility::Stable,
        evaluate: |around, arguments| {
            let implicit = matches!(arguments, [ScalarValue::Boolean(Some(true))]);
            let names = schemas(around).into_iter().filter(|schema| implicit || schema != "pg_catalog");
            let names: Vec<ScalarValue> = names.map(text_value).collect();
            Ok(ScalarValue::List(ScalarValue::new_list(&names, &DataType::Utf8, true)))
        },
    },
    Definition::constant("pg_backend_pid", &[], || DataType::Int32, |around, _| Ok(ScalarValue::Int32(Some(around.session.id)))),
    Definition::constant("inet_client_addr", &[], text, |around, _| {
        let address = &around.session.address;
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
        Ok(ScalarValue::Utf8((!host.is_empty()).then(|| host.to_owned())))
    }),
    Definition::constant("pg_is_in_recovery", &[], || DataType::Boolean, |_, _| Ok(ScalarValue::Boolean(Some(false)))),
];

/// The schemas of the search path that are there.
fn schemas(around: &Surroundings) -> Vec<String> {
    let topics = around.engine.topics();
    let path = around.session.search_path();
    path.into_iter().filter(|schema| schema == "pg_catalog" || topics.has_schema(schema)).collect()
}
