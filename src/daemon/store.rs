//! From what the configuration chooses to what the store opens, with its secrets.

use super::StartError;
use crate::config::{LoginChoice, RedisChoice, RedisPlaceChoice, StoreChoice};
use crate::store::StoreSettings;
use crate::store::redis::{RedisCertificates, RedisLogin, RedisPlace, RedisSettings, RedisWait};
use omnistock_sdk::{SecretReference, SecretResolver, SecretString};

/// The settings of the store; a secret that can't be had is named.
pub(super) fn settings(choice: &StoreChoice, secrets: &dyn SecretResolver) -> Result<StoreSettings, StartError> {
    match choice {
        StoreChoice::Embedded { path } => Ok(StoreSettings::Embedded { path: path.clone() }),
        StoreChoice::Redis(choice) => Ok(StoreSettings::Redis(Box::new(redis(choice, secrets)?))),
    }
}

fn redis(choice: &RedisChoice, secrets: &dyn SecretResolver) -> Result<RedisSettings, StartError> {
    let place = match &choice.place {
        RedisPlaceChoice::One(url) => RedisPlace::One(url.resolve(secrets).map_err(StartError::Refused)?),
        RedisPlaceChoice::Sentinels {
            sentinels,
            master,
            database,
            login: by,
        } => RedisPlace::Sentinel {
            sentinels: sentinels.clone(),
            master: master.clone(),
            database: *database,
            login: login(by, secrets)?,
        },
        RedisPlaceChoice::Cluster(nodes) => RedisPlace::Cluster(nodes.clone()),
    };
    Ok(RedisSettings {
        place,
        prefix: choice.prefix.clone(),
        login: login(&choice.login, secrets)?,
        certificates: RedisCertificates {
            authority: choice.certificate_authority.clone(),
            certificate: choice.client_certificate.clone(),
            key: resolved(choice.client_key.as_ref(), secrets)?,
        },
        wait: choice.wait.map(|wait| RedisWait {
            replicas: wait.replicas,
            on_disk: wait.on_disk,
            within: wait.within,
        }),
    })
}

fn login(choice: &LoginChoice, secrets: &dyn SecretResolver) -> Result<RedisLogin, StartError> {
    Ok(RedisLogin {
        username: choice.username.clone(),
        password: resolved(choice.password.as_ref(), secrets)?,
    })
}

fn resolved(
    reference: Option<&SecretReference>,
    secrets: &dyn SecretResolver,
) -> Result<Option<SecretString>, StartError> {
    let resolve = |reference| secrets.resolve(reference).map_err(StartError::Refused);
    reference.map(resolve).transpose()
}
