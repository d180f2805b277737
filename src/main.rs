//! The binary `strata`: reads the command line and hands over to one file a subcommand.

mod agent;
mod config;
mod etl;
mod load;
mod quickstart;
mod rebuild_catalog;
mod serve;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::agent::AgentArguments;
use crate::config::{Config, Flags};
use crate::etl::EtlArguments;
use crate::load::LoadArguments;
use crate::quickstart::QuickstartArguments;
use crate::rebuild_catalog::RebuildArguments;
use crate::verify::VerifyArguments;

/// One process and one folder for logs: the PostgreSQL protocol, SQL, and an acknowledgement that means durable.
#[derive(Debug, Parser)]
#[command(name = "strata", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a server.
    Serve(ServeArguments),
    /// Run a server with a day of sample logs and show queries worth trying.
    Quickstart(QuickstartArguments),
    /// Prove durability on this disk: kill a server under load and count what is missing; check the hash of every segment.
    Verify(VerifyArguments),
    /// Make the catalog again from the segments, after its file was lost or damaged.
    RebuildCatalog(RebuildArguments),
    /// Load files into a topic.
    Load(LoadArguments),
    /// Run a sidecar: give a process the files of its role, see that it works with them, report.
    Agent(AgentArguments),
    /// Keep the configuration of components as SQL files: export them, apply them.
    Etl(EtlArguments),
}

/// Arguments of `strata serve`.
#[derive(Debug, clap::Args)]
struct ServeArguments {
    /// Settings file (TOML). A flag wins over it.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Show every setting with its value and meaning, then stop.
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Planning and small writes are thousands of short-lived allocations: docs/decisions/0003-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Serve(serve) => run_serve(&serve),
        Command::Quickstart(quickstart) => quickstart::run(&quickstart),
        Command::Verify(verify) => verify::run(&verify),
        Command::RebuildCatalog(rebuild) => rebuild_catalog::run(&rebuild),
        Command::Load(load) => load::run(&load),
        Command::Agent(agent) => agent::run(&agent),
        Command::Etl(etl) => return ended(etl::run(&etl)),
    };
    ended(result.map(|()| ExitCode::SUCCESS))
}

fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("strata: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_serve(arguments: &ServeArguments) -> anyhow::Result<()> {
    let config = Config::load(arguments.config.as_deref(), &arguments.flags)?;
    if arguments.print_config {
        print!("{}", config.reference()?);
        return Ok(());
    }
    serve::run(&config)
}
