//! Passwords are not sent to agents: each agent reads them itself, by the names in the profile.
use super::FleetError;
use crate::esme::client_tls;
use crate::plan::Plan;

/// Checks whether a plan can be run here, apart from the guard, and adds its passwords.
///
/// # Errors
/// A password or a certificate that cannot be read.
pub(super) fn examine(mut plan: Plan) -> Result<Plan, FleetError> {
    for account in &mut plan.accounts {
        account.read_password().map_err(|why| FleetError::Password {
            account: account.name.clone(),
            why: why.to_string(),
        })?;
    }
    client_tls(&plan.target).map_err(|e| FleetError::Plan(e.to_string()))?;
    Ok(plan)
}
