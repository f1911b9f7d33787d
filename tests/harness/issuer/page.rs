//! The few web pages a person sees, as plain HTML without scripts.

/// Their content type.
pub(super) const HTML: &str = "text/html; charset=utf-8";

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}\
         input,button{{font:inherit;padding:.4rem .8rem}}</style></head>\n\
         <body><h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )
}

/// Asks whether the device with this code may log in.
pub(super) fn ask(user_code: &str) -> String {
    page(
        "Log in a device",
        &format!(
            "<p>Approve only if your terminal shows the same code.</p>\n<form method=\"post\">\n\
             <p><label>Code <input name=\"user_code\" value=\"{}\" autocomplete=\"off\"></label></p>\n\
             <p><button name=\"action\" value=\"approve\">Approve</button>\n\
             <button name=\"action\" value=\"deny\">Deny</button></p>\n</form>",
            escaped(user_code)
        ),
    )
}

/// Says that the decision was noted.
pub(super) fn decided(approved: bool) -> String {
    page(if approved { "Approved" } else { "Denied" }, "<p>You can close this page and go back to your terminal.</p>")
}

/// Says that no login waits with that code.
pub(super) fn unknown() -> String {
    page("Unknown code", "<p>No login waits with this code. It may have expired.</p>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
