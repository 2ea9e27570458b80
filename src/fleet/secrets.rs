//! What does not travel: passwords are read where they are used, by the names that the profile gives them.
use super::FleetError;
use crate::esme::client_tls;
use crate::plan::Plan;

/// Whether a plan can be run here, apart from the guard; with the passwords it needs.
///
/// # Errors
/// One line.
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
