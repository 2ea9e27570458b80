//! What does not travel: passwords are read where they are used, by the names that the profile gives them.
use crate::esme::client_tls;
use crate::plan::{PasswordFrom, Plan, Secret};

/// Whether a plan can be run here, apart from the guard; with the passwords it needs.
///
/// # Errors
/// One line.
pub(super) fn examine(mut plan: Plan) -> Result<Plan, String> {
    for account in &mut plan.accounts {
        account.password = match &account.password_from {
            PasswordFrom::Nowhere => Secret::default(),
            PasswordFrom::Env(name) => Secret(std::env::var(name).map_err(|_| {
                format!(
                    "account {}: the agent's environment has no {name}; export it there \
                     (passwords do not travel)",
                    account.name
                )
            })?),
            PasswordFrom::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| {
                    format!(
                        "account {}: password_file {path} cannot be read by the agent ({e}); put it there \
                         (passwords do not travel)",
                        account.name
                    )
                })?;
                Secret(text.trim_end_matches(['\n', '\r']).to_owned())
            }
        };
    }
    client_tls(&plan.target).map_err(|e| e.to_string())?;
    Ok(plan)
}
