//! A real Redis behind TLS, with an authority and certificates made for the test.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is for tests")]

use super::redis::{Persistence, RedisServer, free_port};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::PathBuf;

pub(crate) struct RedisTls {
    /// Also answers without TLS, for the test's own questions.
    pub(crate) server: RedisServer,
    pub(crate) port: u16,
    folder: tempfile::TempDir,
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    let certificate = parameters.self_signed(&key).unwrap().pem();
    (certificate, Issuer::new(parameters, key))
}

fn signed(names: &[&str], issuer: &Issuer<'static, KeyPair>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

impl RedisTls {
    /// Starts one whose certificate is for 127.0.0.1; `clients`: it wants a certificate of its clients.
    pub(crate) fn start(clients: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (own, issuer) = authority("the merchant's own authority");
        let (other, _) = authority("an authority that nobody knows");
        let (certificate, key) = signed(&["127.0.0.1"], &issuer);
        let (client, client_key) = signed(&["omnistock"], &issuer);
        write("other.pem", &other);
        write("client.pem", &client);
        write("client.key", &client_key);
        let port = free_port();
        let arguments = [
            "--tls-port".to_owned(),
            port.to_string(),
            "--tls-ca-cert-file".to_owned(),
            write("own.pem", &own),
            "--tls-cert-file".to_owned(),
            write("server.pem", &certificate),
            "--tls-key-file".to_owned(),
            write("server.key", &key),
            "--tls-auth-clients".to_owned(),
            if clients { "yes" } else { "no" }.to_owned(),
        ];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self {
            server: RedisServer::keeping_with(Persistence::Nothing, &arguments),
            port,
            folder,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }

    /// `own.pem` (the server's authority), `other.pem`, `client.pem`, `client.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
