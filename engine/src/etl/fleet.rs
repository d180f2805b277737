//! The instances as they were last heard of, in memory and in the catalog.
//!
//! **Invariant:** what is in memory was written to the catalog before.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::RwLock;
use strata_catalog::Catalog;
use strata_catalog::etl::record::Instance;

use crate::Result;

/// See the module.
#[derive(Debug)]
pub struct Fleet {
    catalog: Arc<dyn Catalog>,
    /// By role and id.
    instances: RwLock<Arc<Vec<Instance>>>,
    /// Held while one is written.
    writing: tokio::sync::Mutex<()>,
}

impl Fleet {
    /// Those of the catalog.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn load(catalog: Arc<dyn Catalog>) -> Result<Self> {
        let instances = catalog.instances().await?;
        Ok(Self { catalog, instances: RwLock::new(Arc::new(instances)), writing: tokio::sync::Mutex::new(()) })
    }

    /// All of them, by role and id.
    pub fn all(&self) -> Arc<Vec<Instance>> {
        self.instances.read().clone()
    }

    /// Names of the roles that have an instance.
    pub fn roles(&self) -> BTreeSet<String> {
        self.all().iter().map(|instance| instance.role.clone()).collect()
    }

    /// Keeps what is known of some; those that are not as they were known.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn put(&self, instances: Vec<Instance>) -> Result<Vec<Instance>> {
        let _writing = self.writing.lock().await;
        let mut all = Vec::clone(&self.all());
        let mut changed = Vec::new();
        for instance in instances {
            match all.binary_search_by(|known| (&known.role, &known.id).cmp(&(&instance.role, &instance.id))) {
                Ok(at) if all[at] == instance => continue,
                Ok(at) => all[at] = instance.clone(),
                Err(at) => all.insert(at, instance.clone()),
            }
            changed.push(instance);
        }
        if !changed.is_empty() {
            self.catalog.put_instances(&changed).await?;
            *self.instances.write() = Arc::new(all);
        }
        Ok(changed)
    }

    /// Forgets one; whether it was there.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn forget(&self, role: &str, id: &str) -> Result<bool> {
        let _writing = self.writing.lock().await;
        let there = self.catalog.forget_instance(role, id).await?;
        let mut all = Vec::clone(&self.all());
        all.retain(|known| (known.role.as_str(), known.id.as_str()) != (role, id));
        *self.instances.write() = Arc::new(all);
        Ok(there)
    }
}
