//! `gatefold assets`: what a service keeps, and taking it down; the service may be running.

use std::path::Path;

use gatefold::service::{Asset, Assets};
use serde_json::json;
use uuid::Uuid;

use crate::args::AssetsCommand;
use crate::console::Output;
use crate::outcome::{Exit, Failure};
use crate::serve::{block_on, told};
use crate::text::clean;

/// Assets that are read at once.
const PAGE: u64 = 200;

pub(crate) fn run(command: AssetsCommand) -> Result<Exit, Failure> {
    block_on(async {
        match command {
            AssetsCommand::List { data, tenant, json } => {
                list(&open(&data.data).await?, tenant, json).await
            }
            AssetsCommand::Remove { data, tenant, json, names } => {
                remove(&open(&data.data).await?, tenant.as_deref(), json, &names).await
            }
        }
    })
}

async fn open(data: &Path) -> Result<Assets, Failure> {
    Assets::beside(data).await.map_err(|error| Failure::io(told(data, &error)))
}

async fn list(assets: &Assets, tenant: Option<String>, json: bool) -> Result<Exit, Failure> {
    let tenants = if let Some(tenant) = tenant {
        vec![tenant]
    } else {
        let all = assets.usages().await.map_err(Failure::io)?;
        all.into_iter().map(|usage| usage.tenant).collect()
    };
    let mut output = Output::default();
    for tenant in tenants {
        let mut after = None;
        loop {
            let page = assets.page(&tenant, None, after, PAGE).await.map_err(Failure::io)?;
            for asset in &page.assets {
                let row = if json {
                    serde_json::to_string(asset).map_err(Failure::io)?
                } else {
                    row(asset)
                };
                if !output.write(format!("{row}\n").as_bytes()) {
                    return output.end().map(|()| Exit::Accepted);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    output.end()?;
    Ok(Exit::Accepted)
}

/// Id, tenant, API, public id, format, size, bytes, time, state, file name; columns are set apart by
/// tabs.
fn row(asset: &Asset) -> String {
    let state = match (asset.disabled_at, asset.expires_at) {
        (Some(at), _) => format!("disabled {at}"),
        (None, Some(at)) => format!("expires {at}"),
        (None, None) => "live".to_owned(),
    };
    let row = [
        asset.id.to_string(),
        asset.tenant.clone(),
        asset.surface.name().to_owned(),
        asset.public_id.clone(),
        asset.format.name().to_owned(),
        asset.size.to_string(),
        asset.bytes.to_string(),
        asset.created_at.to_string(),
        state,
        asset.file_name.clone().unwrap_or_else(|| "-".to_owned()),
    ];
    row.map(|cell| clean(&cell).to_string()).join("\t")
}

async fn remove(
    assets: &Assets,
    tenant: Option<&str>,
    json: bool,
    names: &[String],
) -> Result<Exit, Failure> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        ids.push(id_of(assets, name).await?);
    }
    let known: Vec<Uuid> = ids.iter().copied().flatten().collect();
    let removed = assets.remove_all(tenant, &known).await.map_err(Failure::io)?;
    let mut removed = removed.into_iter();
    let mut exit = Exit::Accepted;
    let mut output = Output::default();
    for (name, id) in names.iter().zip(&ids) {
        let gone = id.is_some() && removed.next() == Some(true);
        if !gone {
            exit = Exit::Rejected;
        }
        let row = if json {
            json!({"name": name, "id": id, "removed": gone}).to_string()
        } else {
            format!("{}\t{}", clean(name), if gone { "removed" } else { "not there" })
        };
        if !output.write(format!("{row}\n").as_bytes()) {
            break;
        }
    }
    output.end()?;
    Ok(exit)
}

/// The asset that an id, a public id or a link names: links end in one of these, perhaps with an
/// extension and a query.
async fn id_of(assets: &Assets, name: &str) -> Result<Option<Uuid>, Failure> {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let last = last.split('.').next().unwrap_or_default();
    if let Ok(id) = Uuid::try_parse(last) {
        return Ok(Some(id));
    }
    match assets.public(last).await {
        Ok(asset) => Ok(Some(asset.id)),
        Err(error) if error.code() == "not_found" => Ok(None),
        Err(error) => Err(Failure::io(error)),
    }
}
