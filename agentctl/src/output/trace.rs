//! One exchange with a service, or a remark about it, as a line for people. Pure.

use proto::trace::{TraceKind, Traced};

/// What the line says; empty for what is of no interest to people.
pub(crate) fn line(item: &Traced) -> String {
    let whose = item.whose.as_deref().map_or_else(String::new, |whose| format!("{whose}: "));
    match item.kind {
        TraceKind::Exchange => format!("{whose}{}", exchange(item)),
        TraceKind::Remark => format!("{whose}{}", item.text.as_deref().unwrap_or_default()),
        TraceKind::Lost => "some of it was lost, since it came too fast".to_owned(),
        _ => String::new(),
    }
}

fn exchange(item: &Traced) -> String {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let took = item.took_ms.map_or_else(String::new, |took| format!(" in {took} ms"));
    let end = match item.status {
        Some(status) => {
            let code = item.code.as_deref().map_or_else(String::new, |code| format!(" {code}"));
            let kind = item.content_type.as_deref().unwrap_or("no type");
            let wait = item.retry_after.map_or_else(String::new, |wait| format!(", to be asked again after {wait} s"));
            format!("{status}{code}{took} ({kind}, {} bytes{wait})", item.size.unwrap_or(0))
        }
        None if item.sent == Some(false) => format!("not sent{took}: {}", text(&item.why)),
        None => format!("no answer{took}: {}", text(&item.why)),
    };
    format!("{} {} → {end}", text(&item.method), text(&item.url))
}

/// Whether two items tell the same but for their time.
pub(crate) fn is_repeated(one: &Traced, other: &Traced) -> bool {
    let told = |item: &Traced| Traced { took_ms: None, number: 0, at: one.at, ..item.clone() };
    one.kind == TraceKind::Exchange && told(one) == told(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::timestamp::Timestamp;

    fn item() -> Traced {
        Traced {
            whose: Some("work".to_owned()),
            method: Some("POST".to_owned()),
            url: Some("https://as.example/token".to_owned()),
            took_ms: Some(120),
            sent: Some(true),
            ..Traced::bare(1, Timestamp::from_unix(0), TraceKind::Exchange)
        }
    }

    #[test]
    fn a_line_says_where_to_what_came_and_how_long_it_took() {
        let refused = Traced {
            status: Some(400),
            code: Some("invalid_grant".to_owned()),
            content_type: Some("application/json".to_owned()),
            size: Some(64),
            ..item()
        };
        let expected = "work: POST https://as.example/token → 400 invalid_grant in 120 ms (application/json, 64 bytes)";
        assert_eq!(line(&refused), expected);
        let lost = Traced { why: Some("no answer in time".to_owned()), ..item() };
        assert_eq!(line(&lost), "work: POST https://as.example/token → no answer in 120 ms: no answer in time");
        let unsent = Traced { sent: Some(false), whose: None, ..lost };
        assert_eq!(line(&unsent), "POST https://as.example/token → not sent in 120 ms: no answer in time");
        assert!(is_repeated(&refused, &Traced { took_ms: Some(7), number: 9, ..refused.clone() }));
        assert!(!is_repeated(&refused, &Traced { status: Some(200), ..refused.clone() }));
    }
}
