//! The compiler of VRL, as Vector would call it, with places in lines and columns.
//!
//! **Invariant:** a program cannot bring the server down: what is too long or too deep is not compiled, and the compiler, which
//! calls itself for every level of an expression, has a stack that suffices for the rest.

use std::sync::LazyLock;
use std::thread;

use vrl::compiler::state::ExternalEnv;
use vrl::compiler::{CompileConfig, Function, compile_with_external};
use vrl::diagnostic::{Diagnostic, Severity};

use super::super::lines::Lines;
use super::levels::levels;
use super::stand_in::{self, StandIn};
use super::{Fault, Program, Purpose};

/// Longer programs are not compiled. In bytes.
const PROGRAM_BYTES_MAX: usize = 64 * 1024;
/// Deeper programs are not compiled: what they cost grows with the third power of this.
const LEVELS_MAX: usize = 256;
/// For the deepest program, in a build without optimization too. Only what is used is taken from the system.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// What is told about one program.
const FAULTS_MAX: usize = 20;

/// Every function of the language; those that read files or ask a network have stand-ins.
static FUNCTIONS: LazyLock<Vec<Box<dyn Function>>> = LazyLock::new(|| functions(&[]));
/// For a program that names a file of aliases, which the real function would read.
static WITHOUT_ALIASES: LazyLock<Vec<Box<dyn Function>>> = LazyLock::new(|| functions(&[StandIn::PARSE_GROKS]));

fn functions(further: &[StandIn]) -> Vec<Box<dyn Function>> {
    let stand_ins: Vec<StandIn> = stand_in::ALL.iter().chain(further).copied().collect();
    let mut functions = vrl::stdlib::all();
    functions.retain(|function| !stand_ins.iter().any(|stand_in| stand_in.identifier() == function.identifier()));
    functions.extend(stand_ins.into_iter().map(|function| Box::new(function) as Box<dyn Function>));
    functions
}

/// What the compiler says about each of these programs.
pub fn faults(programs: &[Program<'_>]) -> Vec<Vec<Fault>> {
    if programs.is_empty() {
        return Vec::new();
    }
    let all = || programs.iter().map(faults_of).collect();
    thread::scope(|scope| {
        let compiling = thread::Builder::new().name("vrl".to_owned()).stack_size(STACK_BYTES).spawn_scoped(scope, all);
        match compiling.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(faults)) => faults,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => programs.iter().map(|_| vec![not_compiled(format!("no thread to compile it: {error}"))]).collect(),
        }
    })
}

fn not_compiled(message: String) -> Fault {
    Fault { line: 1, column: 1, message: format!("not checked: {message}"), hint: None, is_warning: true }
}

fn faults_of(program: &Program<'_>) -> Vec<Fault> {
    let text = program.text;
    if text.len() > PROGRAM_BYTES_MAX {
        return vec![not_compiled(format!("it has {} bytes, and {PROGRAM_BYTES_MAX} is the most", text.len()))];
    }
    let deep = levels(text);
    if deep > LEVELS_MAX {
        return vec![not_compiled(format!(
            "its expressions stand {deep} levels deep in each other, and {LEVELS_MAX} is the most"
        ))];
    }
    let functions = if text.contains("alias_sources") { &WITHOUT_ALIASES } else { &FUNCTIONS };
    let lines = Lines::of(text);
    let mut config = CompileConfig::default();
    if program.purpose == Purpose::Condition {
        config.set_read_only();
    }
    match compile_with_external(text, functions, &ExternalEnv::default(), config) {
        Ok(compiled) => {
            let mut faults: Vec<Fault> = compiled.warnings.iter().map(|told| fault(told, &lines)).collect();
            let result = compiled.program.final_type_info().result;
            if program.purpose == Purpose::Condition && !result.kind().is_boolean() {
                faults.push(Fault {
                    line: 1,
                    column: 1,
                    message: "a condition must be true or false".to_owned(),
                    hint: Some(format!("Its last expression is {}.", result.kind())),
                    is_warning: false,
                });
            }
            faults.truncate(FAULTS_MAX);
            faults
        }
        Err(told) => {
            let mut faults: Vec<Fault> = told.iter().map(|told| fault(told, &lines)).collect();
            faults.sort_by_key(|fault| (fault.is_warning, fault.line, fault.column));
            faults.truncate(FAULTS_MAX);
            faults
        }
    }
}

fn fault(told: &Diagnostic, lines: &Lines<'_>) -> Fault {
    let labels = told.labels();
    let primary = labels.iter().find(|label| label.primary).or(labels.first());
    let place = lines.place(primary.map_or(0, |label| label.span.start()));
    let said = primary.map(|label| label.message.as_str()).filter(|said| *said != told.message());
    let message = match said {
        Some(said) => format!("{}: {said}", told.message()),
        None => told.message().to_owned(),
    };
    let others: Vec<&str> = labels
        .iter()
        .filter(|label| primary.is_none_or(|primary| *primary != **label))
        .map(|label| label.message.as_str())
        .collect();
    Fault {
        line: place.line,
        column: place.column,
        message: format!("{message} (E{:03})", told.code),
        hint: (!others.is_empty()).then(|| sentence(&others.join("; "))),
        is_warning: !matches!(told.severity(), Severity::Bug | Severity::Error),
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    let rest = characters.as_str().trim_end_matches('.');
    if rest.ends_with('?') { format!("{first}{rest}") } else { format!("{first}{rest}.") }
}
