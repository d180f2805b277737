//! What `etl.drop_layer` and `etl.restore_layer` have in common: a plan for one layer is carried out. A draft counts nowhere, so
//! there is nothing to plan for it: it is thrown away, or taken out of the bin.

use strata_catalog::etl::{LayerError, LayerId, LayerStack, LayerState, Orphans, Plan};

use super::{answer, layer_error};
use crate::Result;
use crate::session::Session;
use crate::session::procedure::arguments::{Arguments, called_otherwise};

/// One of the two.
pub(super) struct OnLayer {
    /// How it is called.
    pub example: &'static str,
    /// A layer in the first of these states only goes over to the second.
    pub states: (LayerState, LayerState),
    /// What it does to any other layer.
    pub plan: fn(&LayerStack, LayerId, Orphans) -> Result<Plan, LayerError>,
}

impl OnLayer {
    /// Does it.
    ///
    /// # Errors
    /// A call that does not fit; what the plan refuses; a layer that would bring errors into a role.
    pub async fn call(&self, session: &Session, arguments: &Arguments) -> Result<Vec<String>> {
        let layer = arguments.layer(&["orphans"], self.example)?;
        let orphans = if arguments.names.is_empty() {
            Orphans::Refuse
        } else {
            let named = arguments.named_text("orphans").and_then(Orphans::named);
            named.ok_or_else(|| called_otherwise(self.example))?
        };
        let configuration = session.engine.configuration();
        let (from, to) = self.states;
        let made = if configuration.stack().layer(layer).map_err(layer_error)?.state == from {
            Some(configuration.set_state(layer, to).await?)
        } else {
            let plan = |stack: &LayerStack| (self.plan)(stack, layer, orphans);
            configuration.carry_out(plan, |before, after| session.refuse_unfit(before, after), session.authorship()).await?
        };
        answer(session, made).await
    }
}
