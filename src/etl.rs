//! `strata etl`: the whole configuration as SQL files that can be kept in git, and back.
//!
//! ```text
//! etl.roles, etl.rules --export--> DIR/<role>.sql --apply--> one transaction, one layer
//! ```
//!
//! Both can be run again: what is equal is not written, and makes no layer. A client of the server like any other: it speaks SQL
//! and reads no data folder.

mod apply;
mod configuration;
mod difference;
mod export;
mod role_file;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use tokio_postgres::{Client, NoTls};

/// Arguments of `strata etl`.
#[derive(Debug, clap::Args)]
pub struct EtlArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write one SQL file a role into a folder, and remove those of roles that are gone.
    Export(Place),
    /// Make the server hold exactly the roles and rules that the files of a folder say, in one layer.
    Apply(ApplyArguments),
}

#[derive(Debug, clap::Args)]
struct Place {
    /// The folder.
    dir: PathBuf,
    /// Where the server listens: host:port of the PostgreSQL protocol.
    #[arg(long, default_value = "127.0.0.1:7432")]
    server: String,
}

#[derive(Debug, clap::Args)]
struct ApplyArguments {
    #[command(flatten)]
    place: Place,
    /// Only show what would change. Ends with 2 if something would, with 0 if nothing.
    #[arg(long)]
    plan: bool,
    /// Why: kept with the layer.
    #[arg(long)]
    comment: Option<String>,
}

/// Exit code of `--plan` when something would change.
const DIFFERENT: u8 = 2;

/// Runs one of the commands.
///
/// # Errors
/// The server cannot be reached or refuses; a file cannot be read or written.
pub fn run(arguments: &EtlArguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match &arguments.command {
            Command::Export(place) => {
                let client = connect(&place.server).await?;
                let report = export::export(&client, &place.dir).await?;
                println!("{report}");
                Ok(ExitCode::SUCCESS)
            }
            Command::Apply(arguments) => {
                let client = connect(&arguments.place.server).await?;
                let comment =
                    arguments.comment.clone().unwrap_or_else(|| format!("strata etl apply {}", arguments.place.dir.display()));
                let different = apply::apply(&client, &arguments.place.dir, arguments.plan, &comment).await?;
                Ok(if arguments.plan && different { ExitCode::from(DIFFERENT) } else { ExitCode::SUCCESS })
            }
        }
    })
}

async fn connect(server: &str) -> anyhow::Result<Client> {
    let (host, port) = server.rsplit_once(':').with_context(|| format!("--server {server} is not host:port"))?;
    let port = port.parse().with_context(|| format!("--server {server} is not host:port"))?;
    let mut config = tokio_postgres::Config::new();
    let user = std::env::var("PGUSER").unwrap_or_else(|_| "strata".to_owned());
    config.host(host).port(port).user(user).dbname("strata").application_name("strata etl");
    if let Ok(password) = std::env::var("PGPASSWORD") {
        config.password(password);
    }
    let (client, connection) = config.connect(NoTls).await.with_context(|| format!("cannot reach the server at {server}"))?;
    // Its end is seen by the next call on the client.
    tokio::spawn(connection);
    Ok(client)
}
