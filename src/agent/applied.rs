//! Software that is changed by calls in place of files: the kind's applier, and what it was told.
//!
//! **Invariant:** what a change may have left behind is told to the applier at the next one, until a change was made wholly. A
//! sidecar that is killed in between knows it from the files on disk, which are written before anything is called.

use std::sync::Arc;
use std::time::Duration;

use strata_connectors::component::applier::{Applier, Change};

use super::files::Contents;

/// Sets that are remembered at most; more failures in a row than that leave the oldest behind.
const REPLACED_MAX: usize = 16;

/// See the module.
#[derive(Debug)]
pub struct Applied {
    applier: Arc<dyn Applier>,
    /// What it was told last.
    wanted: Contents,
    /// What may be in effect beside that.
    replaced: Vec<Contents>,
}

impl Applied {
    /// Nothing was told yet.
    pub fn new(applier: Arc<dyn Applier>) -> Self {
        Self { applier, wanted: Contents::new(), replaced: Vec::new() }
    }

    /// What it was told last.
    pub fn wanted(&self) -> &Contents {
        &self.wanted
    }

    /// Says that these files are about to be replaced.
    pub fn replaces(&mut self, files: Contents) {
        if files.is_empty() || self.replaced.contains(&files) {
            return;
        }
        if self.replaced.len() == REPLACED_MAX {
            self.replaced.remove(0);
        }
        self.replaced.push(files);
    }

    /// Looks whether files could be applied.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self, files: &Contents) -> Result<(), String> {
        let mut before = self.replaced.clone();
        before.push(self.wanted.clone());
        self.applier.check(Change { before: &before, after: files }).await.map_err(|error| format!("check: {error}"))
    }

    /// Applies files.
    ///
    /// # Errors
    /// What did not go; it may be tried again.
    pub async fn load(&mut self, files: &Contents) -> Result<(), String> {
        self.replaces(self.wanted.clone());
        self.wanted.clone_from(files);
        let change = Change { before: &self.replaced, after: files };
        self.applier.apply(change).await.map_err(|error| format!("apply: {error}"))?;
        self.replaced.clear();
        Ok(())
    }

    /// Looks whether everything is as it was told.
    ///
    /// # Errors
    /// What is not.
    pub async fn look(&self, within: Duration) -> Result<(), String> {
        match tokio::time::timeout(within, self.applier.look(&self.wanted)).await {
            Ok(looked) => looked.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {within:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use parking_lot::Mutex;
    use strata_connectors::component::applier::ApplyError;

    use super::*;

    /// Refuses files that say so, and keeps what it was told.
    #[derive(Debug, Default)]
    struct Recorder(Mutex<Vec<(Vec<String>, String)>>);

    fn word(files: &Contents) -> String {
        files.get("f").cloned().unwrap_or_default()
    }

    #[async_trait]
    impl Applier for Recorder {
        async fn check(&self, _change: Change<'_>) -> Result<(), ApplyError> {
            Ok(())
        }

        async fn apply(&self, change: Change<'_>) -> Result<(), ApplyError> {
            self.0.lock().push((change.before.iter().map(word).collect(), word(change.after)));
            if word(change.after) == "bad" { Err(ApplyError::Refused("no".to_owned())) } else { Ok(()) }
        }

        async fn look(&self, files: &Contents) -> Result<(), ApplyError> {
            Err(ApplyError::Differs(word(files)))
        }

        async fn present(&self) -> Result<Contents, ApplyError> {
            Ok(Contents::new())
        }
    }

    #[tokio::test]
    async fn what_may_be_in_effect_is_told_until_a_change_was_made() {
        let recorder = Arc::new(Recorder::default());
        let mut applied = Applied::new(recorder.clone());
        let files = |word: &str| Contents::from([("f".to_owned(), word.to_owned())]);
        // As after a kill: on disk is what was tried then.
        applied.replaces(files("tried"));
        applied.load(&files("good")).await.unwrap();
        assert_eq!(applied.load(&files("bad")).await, Err("apply: no".to_owned()));
        assert_eq!(applied.look(Duration::from_secs(60)).await, Err("bad".to_owned()));
        applied.load(&files("good")).await.unwrap();
        applied.load(&files("next")).await.unwrap();
        let told = |before: &[&str], after: &str| (before.iter().map(|&word| word.to_owned()).collect(), after.to_owned());
        let expected =
            [told(&["tried"], "good"), told(&["good"], "bad"), told(&["good", "bad"], "good"), told(&["good"], "next")];
        assert_eq!(*recorder.0.lock(), expected);
    }
}
