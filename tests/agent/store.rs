//! The config stores that a sidecar is tried with: that of a server, over HTTP, and a real etcd.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusBuilder;
use strata_catalog::etl::config_store::ConfigStore;
use strata_connectors::config_store::etcd::EtcdStore;
use strata_connectors::http::{self, HttpOptions};
use strata_engine::{Engine, EngineConfig};
use strata_harness::Etcd;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A store that answers.
pub struct Store {
    pub store: Arc<dyn ConfigStore>,
    /// What `agent.toml` says of it.
    pub setting: String,
    /// Goes with the store.
    _etcd: Option<Etcd>,
    _folder: TempDir,
}

impl Store {
    /// That of a server.
    pub async fn embedded() -> Self {
        let folder = TempDir::new().unwrap();
        let config = EngineConfig { free_bytes_min: 1 << 20, ..EngineConfig::for_folder(folder.path().join("data"), 256 << 20) };
        let engine = Engine::open_folder(config).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let setting = format!("server = \"http://{}\"", listener.local_addr().unwrap());
        let options = HttpOptions::new(PrometheusBuilder::new().build_recorder().handle());
        let store = Arc::clone(engine.config_store());
        tokio::spawn(http::serve(listener, engine, options, std::future::pending()));
        Self { store, setting, _etcd: None, _folder: folder }
    }

    /// An etcd; `None`, and a line that says so, where none is installed.
    pub fn etcd() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut etcd = Etcd::installed(folder.path())?;
        etcd.start().unwrap();
        let store = Arc::new(EtcdStore::new(&[etcd.address()]).unwrap());
        let setting = format!("etcd = [\"{}\"]", etcd.address());
        Some(Self { store, setting, _etcd: Some(etcd), _folder: folder })
    }
}
