//! Stand-ins for functions that a program may call and this build has not: those that read files or ask a network, those
//! that only Vector has, and those for cryptography. Their parameters and results are known, so that calls are checked.

use vrl::compiler::function::{ArgumentList, Compiled, Example, FunctionCompileContext};
use vrl::compiler::prelude::{Context, ExpressionError, FunctionExpression, Kind};
use vrl::compiler::state::TypeState;
use vrl::compiler::value::kind::{ANY, ARRAY, BOOLEAN, BYTES, INTEGER, OBJECT};
use vrl::compiler::{Function, Parameter, Resolved, TypeDef};

/// Whether a call can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    Never,
    Always,
    /// Unless this argument is left out or known beforehand.
    Unless(&'static str),
}

/// What a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    Bytes,
    Integer,
    Boolean,
    Object,
    Objects,
    Any,
    BytesOrNull,
    Null,
}

/// A function that is only known from outside.
#[derive(Debug, Clone, Copy)]
pub struct StandIn {
    name: &'static str,
    parameters: &'static [Parameter],
    gives: Gives,
    fails: Fails,
}

const fn needs(keyword: &'static str, kind: u16) -> Parameter {
    Parameter::required(keyword, kind, "")
}

const fn takes(keyword: &'static str, kind: u16) -> Parameter {
    Parameter::optional(keyword, kind, "")
}

const fn stand_in(name: &'static str, parameters: &'static [Parameter], gives: Gives, fails: Fails) -> StandIn {
    StandIn { name, parameters, gives, fails }
}

const CIPHER: &[Parameter] = &[needs("plaintext", BYTES), needs("algorithm", BYTES), needs("key", BYTES), needs("iv", BYTES)];
const DECIPHER: &[Parameter] = &[needs("ciphertext", BYTES), needs("algorithm", BYTES), needs("key", BYTES), needs("iv", BYTES)];
const CIPHER_IP: &[Parameter] = &[needs("ip", BYTES), needs("key", BYTES), needs("mode", BYTES)];
const VALUE: &[Parameter] = &[needs("value", BYTES)];
const VALUE_VARIANT: &[Parameter] = &[needs("value", BYTES), takes("variant", BYTES)];
const LOOK_UP: &[Parameter] = &[
    needs("table", BYTES),
    needs("condition", OBJECT),
    takes("select", ARRAY),
    takes("case_sensitive", BOOLEAN),
    takes("wildcard", BYTES),
];
const METRIC: &[Parameter] = &[needs("key", BYTES), takes("tags", OBJECT)];

/// All of them that every program may call.
pub const ALL: [StandIn; 32] = [
    stand_in(
        "aggregate_vector_metrics",
        &[needs("function", BYTES), needs("key", BYTES), takes("tags", OBJECT)],
        Gives::Any,
        Fails::Never,
    ),
    stand_in("crc", &[needs("value", BYTES), takes("algorithm", BYTES)], Gives::Bytes, Fails::Unless("algorithm")),
    stand_in("decrypt", DECIPHER, Gives::Bytes, Fails::Always),
    stand_in("decrypt_ip", CIPHER_IP, Gives::Bytes, Fails::Always),
    stand_in(
        "dns_lookup",
        &[needs("value", BYTES), takes("qtype", BYTES), takes("class", BYTES), takes("options", OBJECT)],
        Gives::Object,
        Fails::Always,
    ),
    stand_in(
        "encode_proto",
        &[
            needs("value", ANY),
            needs("desc_file", BYTES),
            needs("message_type", BYTES),
            takes("allow_lossy_string_coercion", BOOLEAN),
        ],
        Gives::Bytes,
        Fails::Always,
    ),
    stand_in("encrypt", CIPHER, Gives::Bytes, Fails::Always),
    stand_in("encrypt_ip", CIPHER_IP, Gives::Bytes, Fails::Always),
    stand_in("find_enrichment_table_records", LOOK_UP, Gives::Objects, Fails::Always),
    stand_in("find_vector_metrics", METRIC, Gives::Objects, Fails::Never),
    stand_in("get_enrichment_table_record", LOOK_UP, Gives::Object, Fails::Always),
    stand_in("get_env_var", &[needs("name", BYTES)], Gives::Bytes, Fails::Always),
    stand_in("get_hostname", &[], Gives::Bytes, Fails::Always),
    stand_in("get_secret", &[needs("key", BYTES)], Gives::BytesOrNull, Fails::Never),
    stand_in("get_timezone_name", &[], Gives::Bytes, Fails::Always),
    stand_in("get_vector_metric", METRIC, Gives::Any, Fails::Never),
    stand_in(
        "hmac",
        &[needs("value", BYTES), needs("key", BYTES), takes("algorithm", BYTES)],
        Gives::Bytes,
        Fails::Unless("algorithm"),
    ),
    stand_in(
        "http_request",
        &[
            needs("url", BYTES),
            takes("method", BYTES),
            takes("headers", OBJECT),
            takes("body", BYTES),
            takes("http_proxy", BYTES),
            takes("https_proxy", BYTES),
            takes("redact_headers", BOOLEAN),
        ],
        Gives::Bytes,
        Fails::Always,
    ),
    stand_in("md5", VALUE, Gives::Bytes, Fails::Never),
    stand_in("parse_dnstap", &[needs("value", BYTES), takes("lowercase_hostnames", BOOLEAN)], Gives::Object, Fails::Always),
    stand_in(
        "parse_etld",
        &[needs("value", BYTES), takes("plus_parts", INTEGER), takes("psl", BYTES)],
        Gives::Object,
        Fails::Always,
    ),
    stand_in(
        "parse_proto",
        &[needs("value", BYTES), needs("desc_file", BYTES), needs("message_type", BYTES)],
        Gives::Any,
        Fails::Always,
    ),
    stand_in("remove_secret", &[needs("key", BYTES)], Gives::Null, Fails::Never),
    stand_in("reverse_dns", VALUE, Gives::Bytes, Fails::Always),
    stand_in("seahash", VALUE, Gives::Integer, Fails::Never),
    stand_in("set_secret", &[needs("key", BYTES), needs("secret", BYTES)], Gives::Null, Fails::Never),
    stand_in("set_semantic_meaning", &[needs("target", ANY), needs("meaning", BYTES)], Gives::Null, Fails::Never),
    stand_in("sha1", VALUE, Gives::Bytes, Fails::Never),
    stand_in("sha2", VALUE_VARIANT, Gives::Bytes, Fails::Never),
    stand_in("sha3", VALUE_VARIANT, Gives::Bytes, Fails::Never),
    stand_in(
        "validate_json_schema",
        &[needs("value", BYTES), needs("schema_definition", BYTES), takes("ignore_unknown_formats", BOOLEAN)],
        Gives::Boolean,
        Fails::Always,
    ),
    stand_in("xxhash", VALUE_VARIANT, Gives::Bytes, Fails::Unless("variant")),
];

impl StandIn {
    /// For programs whose call would read a file of aliases.
    pub const PARSE_GROKS: StandIn = stand_in(
        "parse_groks",
        &[needs("value", BYTES), needs("patterns", ARRAY), takes("aliases", OBJECT), takes("alias_sources", ARRAY)],
        Gives::Object,
        Fails::Always,
    );
}

impl Function for StandIn {
    fn identifier(&self) -> &'static str {
        self.name
    }

    fn usage(&self) -> &'static str {
        ""
    }

    fn category(&self) -> &'static str {
        ""
    }

    fn return_kind(&self) -> u16 {
        ANY
    }

    fn pure(&self) -> bool {
        false
    }

    fn examples(&self) -> &'static [Example] {
        &[]
    }

    fn parameters(&self) -> &'static [Parameter] {
        self.parameters
    }

    fn compile(&self, state: &TypeState, _: &mut FunctionCompileContext, arguments: ArgumentList) -> Compiled {
        let fails = match self.fails {
            Fails::Never => false,
            Fails::Always => true,
            Fails::Unless(argument) => {
                arguments.optional(argument).is_some_and(|argument| argument.resolve_constant(state).is_none())
            }
        };
        Ok(Call { gives: self.gives, fails }.as_expr())
    }
}

/// A call that is typed and never made.
#[derive(Debug, Clone)]
struct Call {
    gives: Gives,
    fails: bool,
}

impl FunctionExpression for Call {
    fn resolve(&self, _: &mut Context) -> Resolved {
        Err(ExpressionError::from("programs are compiled here and never run"))
    }

    fn type_def(&self, _: &TypeState) -> TypeDef {
        let kind = match self.gives {
            Gives::Bytes => Kind::bytes(),
            Gives::Integer => Kind::integer(),
            Gives::Boolean => Kind::boolean(),
            Gives::Object => return self.with_failure(TypeDef::object(vrl::value::kind::Collection::any())),
            Gives::Objects => return self.with_failure(TypeDef::array(vrl::value::kind::Collection::any())),
            Gives::Any => Kind::any(),
            Gives::BytesOrNull => Kind::bytes().or_null(),
            Gives::Null => Kind::null(),
        };
        self.with_failure(TypeDef::from(kind))
    }
}

impl Call {
    fn with_failure(&self, definition: TypeDef) -> TypeDef {
        if self.fails { definition.fallible() } else { definition.infallible() }
    }
}
