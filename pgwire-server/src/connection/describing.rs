//! Describe: which parameters a statement takes and which columns it gives.

use pgwire::messages::PgWireBackendMessage as Backend;
use pgwire::messages::data::{NoData, ParameterDescription};

use super::Connection;
use super::extended::undefined_portal;
use super::statement::formats_of;
use crate::error::Result;
use crate::response;
use crate::wire::Target;

impl Connection {
    /// Describe. Formats are known of a portal only; a statement's columns are called text.
    pub(super) fn describe(&mut self, target: Target, name: &str) -> Result<()> {
        let (columns, formats) = match target {
            Target::Statement => {
                let statement = self.statement(name)?.clone();
                let types = statement.types.iter().map(pgwire::api::Type::oid).collect();
                self.writer.message(Backend::ParameterDescription(ParameterDescription::new(types)))?;
                (statement.prepared.columns.clone(), Vec::new())
            }
            Target::Portal => {
                match self.portals.get(name) {
                    Some(portal) => (portal.statement.prepared.columns.clone(), portal.formats.clone()),
                    // The cursors of DECLARE are portals as well; FETCH decides how their rows look.
                    None => (Some(self.session.cursor(name).ok_or_else(|| undefined_portal(name))?), Vec::new()),
                }
            }
        };
        match columns {
            Some(columns) => {
                let binary = formats_of(&formats, columns.fields().len())?;
                self.writer.message(response::row_description(&columns, &binary))
            }
            None => self.writer.message(Backend::NoData(NoData::new())),
        }
    }
}
