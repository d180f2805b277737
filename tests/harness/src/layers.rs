//! What became of layers, as a client of the control plane sees it.

use anyhow::Context as _;

use crate::Sql;

impl Sql {
    /// Number and state of the newest layer.
    ///
    /// # Errors
    /// The server's; there is none.
    pub fn last_layer(&self) -> anyhow::Result<(i64, String)> {
        let rows = self.rows("SELECT id, state FROM etl.layers ORDER BY id DESC LIMIT 1")?;
        let [Some(id), Some(state)] = rows.first().context("there is no layer")?.as_slice() else {
            anyhow::bail!("a layer has a number and a state: {rows:?}");
        };
        Ok((id.parse()?, state.clone()))
    }

    /// Instance, outcome and detail of each attempt of a layer.
    ///
    /// # Errors
    /// The server's.
    pub fn attempts(&self, layer: i64) -> anyhow::Result<Vec<[String; 3]>> {
        let rows = self.rows(&format!("SELECT instance, outcome, detail FROM etl.attempts WHERE layer = {layer} ORDER BY 1"))?;
        Ok(rows.into_iter().map(|row| [0, 1, 2].map(|at| row.get(at).cloned().flatten().unwrap_or_default())).collect())
    }
}
