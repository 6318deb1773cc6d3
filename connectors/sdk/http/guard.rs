//! Which addresses a client may connect to: those of the host that the operator named, and public ones.
//!
//! A vendor's answer may name another host (a file to fetch). Without this, such a host could lead into the
//! operator's own network.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// A host that is not the named one and has no public address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` is not the host of the settings and has no public address: not connected")]
pub(super) struct Forbidden {
    pub(super) host: String,
}

/// Resolves names, and leaves out what a stranger must not lead to.
pub(super) struct Guard {
    named: Option<String>,
}

impl Guard {
    /// For a client whose settings name this address.
    pub(super) fn new(base: &Url) -> Self {
        let named = base.host_str().map(str::to_owned);
        Self { named }
    }

    fn is_named(&self, host: &str) -> bool {
        self.named
            .as_deref()
            .is_some_and(|named| named.eq_ignore_ascii_case(host))
    }

    /// Whether an address that a vendor named may be asked; names are looked at again when they are resolved.
    pub(super) fn admits(&self, url: &Url) -> Result<(), Forbidden> {
        let forbidden = || Forbidden {
            host: url.host_str().unwrap_or_default().to_owned(),
        };
        match url.host() {
            Some(_) if url.host_str().is_some_and(|host| self.is_named(host)) => Ok(()),
            Some(Host::Ipv4(address)) if is_public(IpAddr::V4(address)) => Ok(()),
            Some(Host::Ipv6(address)) if is_public(IpAddr::V6(address)) => Ok(()),
            Some(Host::Domain(_)) => Ok(()),
            _ => Err(forbidden()),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let named = self.is_named(&host);
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| named || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err(Forbidden { host }.into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}

/// Whether anybody on the internet may have this address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    // Carriers' own, benchmarks, protocol assignments, reserved.
    let special = (first == 100 && (64..128).contains(&second))
        || (first == 198 && (18..20).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || first == 0
        || first >= 240;
    !(special
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    match address.segments() {
        // Documentation; translated (NAT64) and tunnelled (6to4) addresses of the old kind hold one of those inside.
        [0x2001, 0xdb8, ..] | [0x64, 0xff9b, ..] | [0x2002, ..] => false,
        // Global unicast; all that is local or special lies outside.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_anybody_may_have_are_public() {
        for (text, public) in [
            ("93.184.216.34", true),
            ("172.32.0.1", true),
            ("100.128.0.1", true),
            ("2606:2800:220:1::1", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            ("::ffff:10.0.0.1", false),
            ("64:ff9b::a00:1", false),
            ("2002:a00:1::1", false),
        ] {
            assert_eq!(is_public(text.parse().unwrap()), public, "{text}");
        }
    }

    #[test]
    fn the_named_host_is_admitted_and_a_strangers_inner_address_is_not() {
        let guard = Guard::new(&"http://192.168.1.10:8080".parse().unwrap());
        for (url, admitted) in [
            ("http://192.168.1.10:9000/file", true),
            ("https://files.example.test/x", true),
            ("https://93.184.216.34/x", true),
            ("http://169.254.169.254/latest", false),
            ("https://[::1]/x", false),
            ("https://2130706433/x", false),
            ("https://0x7f.1/x", false),
        ] {
            assert_eq!(guard.admits(&url.parse().unwrap()).is_ok(), admitted, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_resolves_only_where_it_was_named() {
        let name = || "localhost".parse::<Name>().unwrap();
        let stranger = Guard::new(&"https://shop.example.test".parse().unwrap());
        let refused = stranger.resolve(name()).await.err().unwrap();
        assert!(refused.is::<Forbidden>(), "{refused}");
        let named = Guard::new(&"http://LOCALHOST:8080".parse().unwrap());
        assert!(named.resolve(name()).await.unwrap().next().is_some());
    }
}
