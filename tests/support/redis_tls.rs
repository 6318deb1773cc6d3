//! A real Redis behind TLS, with an authority and certificates made for the test.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is for tests")]

use super::redis::{Persistence, RedisServer, free_port};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::PathBuf;

/// An authority of the test's own, with certificates of it in a folder.
pub(crate) struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// Makes all of them: `own.pem` (the authority), `server.pem` for 127.0.0.1 with `server.key`, `client.pem` with
    /// `client.key`; `other.pem` is an authority that nobody knows.
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let (own, issuer) = authority("the merchant's own authority");
        let (other, _) = authority("an authority that nobody knows");
        let (certificate, key) = signed(&["127.0.0.1"], &issuer);
        let (client, client_key) = signed(&["omnistock"], &issuer);
        write("own.pem", &own);
        write("other.pem", &other);
        write("server.pem", &certificate);
        write("server.key", &key);
        write("client.pem", &client);
        write("client.key", &client_key);
        Self { folder }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a server is started with to speak TLS on this port; `clients`: it wants a certificate of its clients.
    pub(crate) fn arguments(&self, port: u16, clients: bool) -> Vec<String> {
        let file = |name: &str| self.file(name).display().to_string();
        let pairs = [
            ("port", port.to_string()),
            ("ca-cert-file", file("own.pem")),
            ("cert-file", file("server.pem")),
            ("key-file", file("server.key")),
            ("auth-clients", if clients { "yes" } else { "no" }.to_owned()),
        ];
        pairs
            .into_iter()
            .flat_map(|(name, value)| [format!("--tls-{name}"), value])
            .collect()
    }
}

pub(crate) struct RedisTls {
    /// Also answers without TLS, for the test's own questions.
    pub(crate) server: RedisServer,
    pub(crate) port: u16,
    certificates: Certificates,
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
        let (certificates, port) = (Certificates::make(), free_port());
        let arguments = certificates.arguments(port, clients);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self {
            server: RedisServer::keeping_with(Persistence::Nothing, &arguments),
            port,
            certificates,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }

    /// `own.pem` (the server's authority), `other.pem`, `client.pem`, `client.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.certificates.file(name)
    }
}
