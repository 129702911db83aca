//! `gatefold quotas`: how much each tenant has and may have; the service may be running.

use std::path::Path;

use gatefold::service::{Assets, Quota, TenantUsage};

use crate::args::QuotasCommand;
use crate::console::Output;
use crate::outcome::{Exit, Failure};
use crate::serve::{block_on, told};
use crate::text::clean;

pub(crate) fn run(command: QuotasCommand) -> Result<Exit, Failure> {
    block_on(async {
        match command {
            QuotasCommand::List { data, json } => {
                list(&open(&data.data).await?.usages().await.map_err(Failure::io)?, json)?;
            }
            QuotasCommand::Set { data, tenant, max_assets, max_bytes } => {
                let quota = Quota { max_assets, max_bytes };
                let assets = open(&data.data).await?;
                assets.set_quota(&tenant, Some(quota)).await.map_err(Failure::io)?;
            }
            QuotasCommand::Clear { data, tenant } => {
                let assets = open(&data.data).await?;
                assets.set_quota(&tenant, None).await.map_err(Failure::io)?;
            }
        }
        Ok(Exit::Accepted)
    })
}

async fn open(data: &Path) -> Result<Assets, Failure> {
    Assets::beside(data).await.map_err(|error| Failure::io(told(data, &error)))
}

fn list(tenants: &[TenantUsage], json: bool) -> Result<(), Failure> {
    let mut output = Output::default();
    for tenant in tenants {
        let row =
            if json { serde_json::to_string(tenant).map_err(Failure::io)? } else { row(tenant) };
        if !output.write(format!("{row}\n").as_bytes()) {
            break;
        }
    }
    output.end()
}

/// Tenant, pictures, most pictures, bytes, most bytes; columns are set apart by tabs. `-` where the
/// settings decide, `any` without a limit.
fn row(of: &TenantUsage) -> String {
    let limit = |limit: fn(&Quota) -> Option<u64>| match &of.quota {
        None => "-".to_owned(),
        Some(quota) => limit(quota).map_or_else(|| "any".to_owned(), |max| max.to_string()),
    };
    let row = [
        of.tenant.clone(),
        of.usage.assets.to_string(),
        limit(|quota| quota.max_assets),
        of.usage.bytes.to_string(),
        limit(|quota| quota.max_bytes),
    ];
    row.map(|cell| clean(&cell).to_string()).join("\t")
}
