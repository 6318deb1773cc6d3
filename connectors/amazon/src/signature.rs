//! AWS Signature Version 4: what a request to AWS is signed with.
//!
//! By hand, as it is two pages: the vendor's crate for it brings a dozen others. Its arithmetic is held to values that
//! AWS has published.

use omnistock_sdk::verify::hmac_sha256;
use omnistock_sdk::{ExposeSecret, SecretString};
use omnistock_words::Millis;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// How it is called in the header.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What of a request is signed. The query is empty in all that we send.
pub(crate) struct Signable<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Names in lower case, in alphabetical order, with values as they are sent.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// When, where and for what a signature is good.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// Such as `20150830T123600Z`, of `x-amz-date`.
    pub(crate) time: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl Scope<'_> {
    fn day(&self) -> &str {
        self.time.split('T').next().unwrap_or_default()
    }

    /// As it stands behind the key's id.
    pub(crate) fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.day(), self.region, self.service)
    }
}

impl Signable<'_> {
    /// The names of the signed headers.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        names.join(";")
    }

    /// The signature of whoever holds this secret.
    pub(crate) fn signature(&self, secret: &SecretString, scope: Scope<'_>) -> String {
        let first = format!("AWS4{}", secret.expose_secret());
        let key = [scope.day(), scope.region, scope.service, "aws4_request"]
            .iter()
            .fold(first.into_bytes(), |key, part| {
                hmac_sha256(&key, &[part.as_bytes()]).to_vec()
            });
        let words = format!("{ALGORITHM}\n{}\n{}\n{}", scope.time, scope.text(), self.digest());
        hex(&hmac_sha256(&key, &[words.as_bytes()]))
    }

    /// The digest of the request in its canonical form.
    fn digest(&self) -> String {
        let mut text = format!("{}\n{}\n\n", self.method, self.path);
        for (name, value) in self.headers {
            text.extend([name, ":", value.trim(), "\n"]);
        }
        text.extend(["\n", &self.names(), "\n", &hex(&Sha256::digest(self.body))]);
        hex(&Sha256::digest(text))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text can't fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

/// An instant as `x-amz-date` has it, in whole seconds.
pub(crate) fn compact(at: Millis) -> String {
    let text = at.to_string();
    let digits = text.chars().take(19).filter(|one| one.is_ascii_digit() || *one == 'T');
    digits.chain(['Z']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "20150830T123600Z";

    fn secret() -> SecretString {
        SecretString::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    }

    /// Two cases of AWS's own test suite for this signature: `post-vanilla` and `post-x-www-form-urlencoded`.
    #[test]
    fn the_values_that_aws_has_published_come_out() {
        let scope = Scope {
            time: TIME,
            region: "us-east-1",
            service: "service",
        };
        let (host, date) = (("host", "example.amazonaws.com"), ("x-amz-date", TIME));
        let vanilla = Signable {
            method: "POST",
            path: "/",
            headers: &[host, date],
            body: b"",
        };
        assert_eq!(
            vanilla.signature(&secret(), scope),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let form = Signable {
            headers: &[("content-type", "application/x-www-form-urlencoded"), host, date],
            body: b"Param1=value1",
            ..vanilla
        };
        assert_eq!(form.names(), "content-type;host;x-amz-date");
        assert_eq!(
            form.signature(&secret(), scope),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    #[test]
    fn every_part_of_a_request_counts() {
        let scope = Scope {
            time: TIME,
            region: "eu-central-1",
            service: "sqs",
        };
        let request = Signable {
            method: "POST",
            path: "/",
            headers: &[("host", "sqs.example.test")],
            body: b"{}",
        };
        let right = request.signature(&secret(), scope);
        let later = Scope {
            time: "20150831T123600Z",
            ..scope
        };
        let elsewhere = Scope {
            region: "us-east-1",
            ..scope
        };
        let other = SecretString::from("other");
        for wrong in [
            request.signature(&secret(), later),
            request.signature(&secret(), elsewhere),
            request.signature(&other, scope),
            Signable { body: b"[]", ..request }.signature(&secret(), scope),
        ] {
            assert_ne!(wrong, right);
        }
    }

    #[test]
    fn times_are_written_without_marks() {
        let at: Millis = "2015-08-30T12:36:00.250Z".parse().unwrap();
        assert_eq!(compact(at), TIME);
        assert_eq!(compact("2015-08-30T12:36:00Z".parse().unwrap()), TIME);
    }
}
