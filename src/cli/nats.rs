//! Access to NATS: out of flags, the environment and a file of credentials.
use super::args::NatsArgs;
use super::exit::Failure;
use crate::fleet::{self, Access};
use crate::plan::Secret;
use std::path::Path;

/// Access to NATS out of the flags and the environment.
pub(super) fn access(args: &NatsArgs, url: &str) -> Result<Access, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if url.contains('@') {
        return Err(Failure::usage(format!(
            "--nats {}: credentials before the @ are visible in the list of processes; give credentials in a file \
             with --nats-auth, or in SMPPBENCH_NATS_USER and SMPPBENCH_NATS_PASSWORD, or SMPPBENCH_NATS_TOKEN",
            fleet::redacted(url)
        )));
    }
    let (mut user, mut token) = (None, None);
    if let Some(path) = &args.nats_auth {
        (user, token) = credentials(path)?;
    } else if let Some(name) = variable("SMPPBENCH_NATS_USER") {
        let password = variable("SMPPBENCH_NATS_PASSWORD").unwrap_or_default();
        user = Some((name, Secret(password)));
    } else if let Some(value) = variable("SMPPBENCH_NATS_TOKEN") {
        token = Some(Secret(value));
    }
    Ok(Access {
        url: url.to_owned(),
        user,
        token,
        ca: args.nats_ca.clone(),
        certificate: args.nats_cert.clone().zip(args.nats_key.clone()),
    })
}

type Credentials = (Option<(String, Secret)>, Option<Secret>);

fn credentials(path: &Path) -> Result<Credentials, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::usage(format!("--nats-auth: {shown} cannot be read ({e})")))?;
    let line = crate::kit::without_mark(&text).lines().next().unwrap_or_default().trim();
    match line.split_once(':') {
        _ if line.is_empty() => Err(Failure::usage(format!(
            "--nats-auth: {shown} is empty; write user:password, or a token"
        ))),
        Some((user, password)) => Ok((Some((user.to_owned(), Secret(password.to_owned()))), None)),
        None => Ok((None, Some(Secret(line.to_owned())))),
    }
}
