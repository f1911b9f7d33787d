//! Whether what a service calls itself is the issuer that was meant. Pure.
//!
//! Identifiers are compared to the letter (RFC 8414 §3.3, RFC 9207 §2.4, OpenID Connect Core §3.1.3.7). The one exception is
//! a service of many tenants whose metadata names its issuer with a placeholder: there the tenant of the answer, a UUID,
//! takes the placeholder's place, and in an ID token it has to be that of the claim `tid` (Microsoft's identity platform).

/// What stands for the tenant.
const TENANT: &str = "{tenantid}";

/// Whether `said` is `issuer`, or that of one of its tenants.
pub fn is(issuer: &str, said: &str) -> bool {
    match issuer.split_once(TENANT) {
        None => said == issuer,
        Some((before, behind)) => {
            let tenant = said.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
            tenant.is_some_and(is_uuid)
        }
    }
}

/// Whether `said` is `issuer`, for an answer about the tenant `tid`.
pub(super) fn is_of_tenant(issuer: &str, said: &str, tid: Option<&str>) -> bool {
    match tid {
        Some(tid) if issuer.contains(TENANT) => is_uuid(tid) && said == issuer.replacen(TENANT, tid, 1),
        None if issuer.contains(TENANT) => false,
        _ => said == issuer,
    }
}

/// RFC 9562 §4: 8-4-4-4-12 hex digits.
fn is_uuid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(
            |(at, byte)| {
                if dashes.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
            },
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "https://login.example/{tenantid}/v2.0";
    const ONE: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    const OTHER: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    fn of(tenant: &str) -> String {
        format!("https://login.example/{tenant}/v2.0")
    }

    #[test]
    fn without_a_placeholder_only_the_letter_counts() {
        assert!(
            is("https://a.example", "https://a.example")
                && is_of_tenant("https://a.example", "https://a.example", Some(ONE))
        );
        for other in ["https://a.example/", "https://A.example", "https://b.example", ""] {
            assert!(!is("https://a.example", other) && !is_of_tenant("https://a.example", other, None), "{other}");
        }
    }

    #[test]
    fn a_placeholder_stands_for_a_tenant_and_nothing_else() {
        assert!(is(ALL, &of(ONE)) && is_of_tenant(ALL, &of(ONE), Some(ONE)));
        for tenant in [
            "",
            "common",
            "..",
            "a/b",
            "{tenantid}",
            "9188040d-6c67-4c5b-b112-36a304b66dad/x",
            "g188040d-6c67-4c5b-b112-36a304b66dad",
        ] {
            assert!(!is(ALL, &of(tenant)) && !is_of_tenant(ALL, &of(tenant), Some(tenant)), "{tenant}");
        }
        assert!(!is(ALL, &of(ONE).replace("login.example", "evil.example")));
    }

    #[test]
    fn an_id_token_is_of_the_tenant_that_it_names() {
        assert!(!is_of_tenant(ALL, &of(ONE), Some(OTHER)) && !is_of_tenant(ALL, &of(ONE), None));
    }
}
