//! Ranges of addresses, as in `10.0.0.0/8`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subnet {
    network: u128,
    mask: u128,
}

impl Subnet {
    /// Reads `address`, `address/bits`, `10.1.0.0/255.255.0.0` and the beginning of an address, `10.1`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (address, mask) = text.split_once('/').map_or((text, None), |(address, mask)| (address, Some(mask)));
        if let Ok(address) = address.parse::<Ipv6Addr>() {
            let bits = mask.map_or(Some(128), |mask| mask.parse().ok())?;
            return Self::new(u128::from(address), bits);
        }
        let (address, written) = beginning(address)?;
        let bits = match mask {
            None => written,
            Some(_) if written < 32 => return None,
            Some(mask) => mask.parse().ok().or_else(|| ones(mask.parse().ok()?)).filter(|bits| *bits <= 32)?,
        };
        Self::new(wide(address), bits + 96)
    }

    pub(crate) fn contains(self, ip: IpAddr) -> bool {
        let ip = match ip.to_canonical() {
            IpAddr::V4(ip) => wide(ip),
            IpAddr::V6(ip) => u128::from(ip),
        };
        ip & self.mask == self.network
    }

    fn new(address: u128, bits: u32) -> Option<Self> {
        let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits)?).unwrap_or(0);
        Some(Self { network: address & mask, mask })
    }
}

fn wide(ip: Ipv4Addr) -> u128 {
    u128::from(ip.to_ipv6_mapped())
}

/// An address of which the end may be missing, and how many bits there are.
fn beginning(text: &str) -> Option<(Ipv4Addr, u32)> {
    let parts = text.strip_suffix('.').unwrap_or(text).split('.').map(str::parse);
    let mut bytes = parts.collect::<Result<Vec<u8>, _>>().ok().filter(|bytes| bytes.len() <= 4)?;
    let bits = 8 * u32::try_from(bytes.len()).ok()?;
    bytes.resize(4, 0);
    Some((Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?), bits))
}

/// The number of leading ones of a mask without gaps.
fn ones(mask: Ipv4Addr) -> Option<u32> {
    let bits = u32::from(mask);
    (bits.leading_ones() + bits.trailing_zeros().min(32) == 32).then(|| bits.leading_ones())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subnet: &str, inside: &[&str], outside: &[&str]) {
        let subnet = Subnet::read(subnet).expect("a subnet");
        let contains = |ip: &&str| subnet.contains(ip.parse().expect("an address"));
        assert!(inside.iter().all(contains) && !outside.iter().any(contains), "{subnet:?}");
    }

    #[test]
    fn subnets_are_read_as_in_httpd() {
        check("10.1.2.3", &["10.1.2.3", "::ffff:10.1.2.3"], &["10.1.2.4", "::1"]);
        check("10.0.0.0/8", &["10.255.0.1"], &["11.0.0.1"]);
        check("10.1", &["10.1.9.9"], &["10.2.0.0"]);
        check("10.1.0.0/255.255.0.0", &["10.1.9.9"], &["10.2.0.0"]);
        check("0.0.0.0/0", &["1.2.3.4"], &["::1"]);
        check("2001:db8::/32", &["2001:db8::1"], &["2001:db9::1", "1.2.3.4"]);
        for wrong in ["", "a", "10.0.0.0/33", "10.1/8", "1.2.3.4.5", "300.1", "::1/129", "10.0.0.0/255.0.255.0"] {
            assert_eq!(Subnet::read(wrong), None, "{wrong}");
        }
    }
}
