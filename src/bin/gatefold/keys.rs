//! `gatefold keys`: the API keys of a service, which may be running.

use std::path::Path;

use gatefold::service::{ApiKey, Keyring, Role};

use crate::args::KeysCommand;
use crate::console::{Output, print};
use crate::outcome::{Exit, Failure};
use crate::serve::{block_on, told};
use crate::text::clean;

pub(crate) fn run(command: KeysCommand) -> Result<Exit, Failure> {
    block_on(async {
        match command {
            KeysCommand::Create { data, roles, tenants, collection } => {
                let roles: Vec<Role> = roles.into_iter().map(Role::from).collect();
                let tenants = (!tenants.is_empty()).then_some(tenants);
                let made = open(&data.data).await?.create(&roles, tenants, collection).await;
                let (key, secret) = made.map_err(Failure::io)?;
                print(format!("{}:{secret}\n", key.id).as_bytes())?;
            }
            KeysCommand::List { data, json } => {
                let keys = open(&data.data).await?.list().await.map_err(Failure::io)?;
                list(&keys, json)?;
            }
            KeysCommand::Revoke { data, id } => {
                open(&data.data).await?.revoke(&id).await.map_err(Failure::io)?;
            }
        }
        Ok(Exit::Accepted)
    })
}

async fn open(data: &Path) -> Result<Keyring, Failure> {
    Keyring::open(data).await.map_err(|error| Failure::io(told(data, &error)))
}

fn list(keys: &[ApiKey], json: bool) -> Result<(), Failure> {
    let mut output = Output::default();
    for key in keys {
        let row = if json { serde_json::to_string(key).map_err(Failure::io)? } else { row(key) };
        if !output.write(format!("{row}\n").as_bytes()) {
            break;
        }
    }
    output.end()
}

/// Id, roles, tenants, collection, times; columns are set apart by tabs.
fn row(key: &ApiKey) -> String {
    let roles: Vec<_> = key.roles.iter().map(|role| role.name()).collect();
    let tenants = key.tenants.as_ref().map_or_else(|| "every tenant".into(), |own| own.join(","));
    let collection = key.collection.map_or_else(|| "-".into(), |id| id.to_string());
    let state = key.revoked_at.map_or_else(|| "live".into(), |at| format!("revoked {at}"));
    let row =
        [&key.id, &roles.join(","), &tenants, &collection, &key.created_at.to_string(), &state];
    row.map(|cell| clean(cell).to_string()).join("\t")
}
