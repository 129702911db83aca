use gatefold::service::{Assets, Change, NewAsset, Role, ServiceError, Settings, Spooled, Surface};

use gatefold::{Pipeline, Policy, Upload};

use crate::common::{blobs, file, in_memory, on_disk, store};

#[tokio::test]
async fn what_was_stored_is_there_after_reopening() {
    let (directory, assets, _) = on_disk().await;
    let stored = store(&assets, Surface::Moov, "jpeg/orientation-6-thumbnail.jpg").await.unwrap();
    assert_eq!(stored.public_id.len(), 21);
    assert!(stored.theme.is_some());
    assets.close().await;
    drop(assets);

    let assets = Assets::open(directory.path(), Settings::default()).await.unwrap();
    assert_eq!(assets.asset("shop", stored.id).await.unwrap(), stored);
    assert_eq!(assets.public(&stored.public_id).await.unwrap(), stored);
    let bytes = assets.original_bytes(&stored, None).await.unwrap();
    assert_eq!(bytes.len() as u64, stored.bytes);
    let part = assets.original_bytes(&stored, Some(10..20)).await.unwrap();
    assert_eq!(part, bytes.slice(10..20));
}

#[tokio::test]
async fn originals_are_stored_without_their_metadata_unless_the_policy_keeps_it() {
    let sent = file("jpeg/html-tail.jpg");
    let (assets, _) = in_memory().await;
    let stored = store(&assets, Surface::Backoffice, "jpeg/html-tail.jpg").await.unwrap();
    let bytes = assets.original_bytes(&stored, None).await.unwrap();
    assert!(bytes.len() < sent.len() && sent.starts_with(&bytes[..2]));
    assert!(!bytes.windows(7).any(|part| part == b"<script"));

    let mut settings = Settings::default();
    settings.policies.backoffice.keep_metadata = true;
    let assets = Assets::in_memory(settings).await.unwrap();
    let stored = store(&assets, Surface::Backoffice, "jpeg/html-tail.jpg").await.unwrap();
    assert_eq!(assets.original_bytes(&stored, None).await.unwrap(), sent);
}

#[tokio::test]
async fn a_rejected_file_leaves_nothing() {
    let (directory, assets, _) = on_disk().await;
    let refused = store(&assets, Surface::Moov, "jpeg/cut-to-20-percent.jpg").await.unwrap_err();
    assert_eq!(refused.code(), "truncated");
    let refused = store(&assets, Surface::Moov, "gif/still.gif").await.unwrap_err();
    assert_eq!(refused.code(), "format_not_accepted");
    assert!(assets.list("shop", Surface::Moov, 0, 200).await.unwrap().is_empty());
    assert!(blobs(directory.path()).is_empty());
}

#[tokio::test]
async fn a_duplicate_is_refused_for_the_tenant_alone() {
    let (assets, _) = in_memory().await;
    let first = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let again = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap_err();
    let ServiceError::Duplicate(existing) = again else { panic!("{again}") };
    assert_eq!(*existing, first);
    let other = NewAsset::new("another shop", Surface::Moov);
    assets.store(other, Spooled::of(file("png/rgb.png"))).await.unwrap();
    // Disabled images count, removed ones do not.
    assets.disable("shop", first.id).await.unwrap();
    assert_eq!(store(&assets, Surface::Moov, "png/rgb.png").await.unwrap_err().code(), "duplicate");
    assets.remove("shop", first.id).await.unwrap();
    store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_equal_uploads_at_once_exactly_one_gets_in() {
    let (_directory, assets, _) = on_disk().await;
    let mut uploads = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let assets = assets.clone();
        uploads.spawn(async move {
            store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.map_err(|e| e.code())
        });
    }
    let answers = uploads.join_all().await;
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
    let duplicates = answers.iter().filter(|answer| answer.as_ref().err() == Some(&"duplicate"));
    assert_eq!((accepted, duplicates.count()), (1, 63));
}

#[tokio::test]
async fn equal_uploads_share_their_bytes_where_duplicates_are_allowed() {
    let (directory, assets, _) = on_disk().await;
    let first = store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    let second = store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(blobs(directory.path()).len(), 1);
}

#[tokio::test]
async fn replacing_keeps_the_ids_and_the_texts() {
    let (assets, _) = in_memory().await;
    let mut new = NewAsset::new("shop", Surface::Moov);
    new.alt_text = Some("A sleeve".to_owned());
    let first = assets.store(new, Spooled::of(file("png/rgb.png"))).await.unwrap();
    let other = store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.unwrap();

    let new = || NewAsset::new("shop", Surface::Moov);
    let replace = |name: &str, text| {
        let body = Spooled::of(file(name));
        assets.replace(first.id, new(), text, body)
    };
    let replaced = replace("png/rgba.png", Change::Keep).await.unwrap();
    assert_eq!((replaced.id, &replaced.public_id), (first.id, &first.public_id));
    assert_eq!(replaced.alt_text.as_deref(), Some("A sleeve"));
    assert!(replaced.updated_at > first.updated_at && replaced.created_at == first.created_at);
    assert_ne!(replaced.digest(), first.digest());
    // The same bytes again are a retry; those of another image are a duplicate of it.
    let again = replace("png/rgba.png", Change::Set(None)).await.unwrap();
    assert_eq!(again.alt_text, None);
    let refused = replace("jpeg/baseline-420.jpg", Change::Keep).await.unwrap_err();
    let ServiceError::Duplicate(existing) = refused else { panic!("{refused}") };
    assert_eq!(existing.id, other.id);
    // Its former bytes are free again.
    store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
}

#[tokio::test]
async fn other_tenants_and_other_surfaces_see_nothing() {
    let (assets, _) = in_memory().await;
    let stored = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let missing = |result: Result<_, ServiceError>| result.unwrap_err().code() == "not_found";
    assert!(missing(assets.asset("thief", stored.id).await));
    assert!(missing(assets.claim("thief", stored.id).await));
    assert!(missing(assets.disable("thief", stored.id).await));
    assert!(missing(assets.set_alt_text("thief", stored.id, None).await));
    assert!(missing(assets.asset_on("shop", Surface::Backoffice, stored.id).await));
    let body = Spooled::of(file("png/rgba.png"));
    let new = NewAsset::new("thief", Surface::Moov);
    assert!(missing(assets.replace(stored.id, new, Change::Keep, body).await));
    assert!(missing(assets.public("../../etc/passwd12345").await));
    assert_eq!(assets.list("shop", Surface::Moov, 0, 20).await.unwrap(), [stored]);
}

#[tokio::test]
async fn an_alternative_text_is_counted_in_characters() {
    let (assets, _) = in_memory().await;
    let stored = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let longest = "é".repeat(125);
    let changed = assets.set_alt_text("shop", stored.id, Some(longest.clone())).await.unwrap();
    assert_eq!(changed.alt_text, Some(longest));
    assert!(changed.updated_at > stored.updated_at);
    let refused = assets.set_alt_text("shop", stored.id, Some("é".repeat(126))).await.unwrap_err();
    assert!(refused.to_string().contains("126") && refused.to_string().contains("125"));
}

#[tokio::test]
async fn keys_are_known_by_their_secret_until_they_are_revoked() {
    let (assets, _) = in_memory().await;
    let keys = assets.keyring();
    let tenants = Some(vec!["shop".to_owned()]);
    let (key, secret) = keys.create(&[Role::Uploader], tenants, None).await.unwrap();
    assert_eq!(assets.authenticate(&key.id, &secret).await.unwrap(), Some(key.clone()));
    assert!(key.may(Role::Reader) && key.reaches("shop") && !key.reaches("bank"));
    assert_eq!(assets.authenticate(&key.id, "guess").await.unwrap(), None);
    assert_eq!(assets.authenticate("nobody", &secret).await.unwrap(), None);
    keys.revoke(&key.id).await.unwrap();
    assert_eq!(assets.authenticate(&key.id, &secret).await.unwrap(), None);
    assert_eq!(keys.put("a:b", "secret", &[], None, None).await.unwrap_err().code(), "invalid");
}

#[tokio::test]
async fn look_alikes_are_found_nearest_first() {
    let (assets, _) = in_memory().await;
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    let picture = pipeline.decode(&Upload::new(file("covers/coral-sun.jpg"))).unwrap();
    let mut encoded = Vec::new();
    for quality in [95, 60] {
        let mut bytes = Vec::new();
        let size = picture.size();
        jpeg_encoder::Encoder::new(&mut bytes, quality)
            .encode(
                picture.samples(),
                u16::try_from(size.width).unwrap(),
                u16::try_from(size.height).unwrap(),
                jpeg_encoder::ColorType::Rgb,
            )
            .unwrap();
        encoded.push(bytes);
    }
    let mut ids = Vec::new();
    for bytes in encoded {
        let new = NewAsset::new("shop", Surface::Backoffice);
        ids.push(assets.store(new, Spooled::of(bytes)).await.unwrap().id);
    }
    store(&assets, Surface::Backoffice, "png/interlaced.png").await.unwrap();
    let near = assets.near("shop", ids[0], 10, 0, 20).await.unwrap();
    assert_eq!(near.first().map(|(asset, _)| asset.id), Some(ids[1]));
}
