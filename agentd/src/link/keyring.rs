//! Items of a Secret Service (freedesktop.org), on the bus of the user's session.
//!
//! Every operation has a connection and a runtime of its own, and one limit for all of it: the service may hang, be
//! locked or vanish. Nothing here asks the person to unlock anything. Secrets cross the user's own socket unencrypted,
//! as the service's `plain` sessions do.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use zbus::{Connection, OwnedObjectPath, Variant, fdo};
use zeroize::Zeroizing;

use super::{FormatError, Variables, place};

/// The variable that names the bus.
pub(super) const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

const LIMIT: Duration = Duration::from_secs(5);
const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
/// How the service says "nothing", in place of a path.
const NOTHING: &str = "/";

/// A secret on the wire: session, parameters, value, content type.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// The service on one bus.
#[derive(Debug)]
pub(super) struct Keyring {
    address: String,
}

/// An item.
pub(super) struct Item {
    path: OwnedObjectPath,
    /// What it is found by.
    pub(super) attributes: HashMap<String, String>,
    /// Its secret.
    pub(super) secret: Zeroizing<String>,
}

impl Keyring {
    /// The one of the session with these variables, if they name a bus that is a socket.
    pub(super) fn of(variables: &Variables) -> Option<Self> {
        let address = place::variable(variables, BUS).filter(|address| address.starts_with("unix:"))?;
        Some(Self { address: address.to_owned() })
    }

    /// Whether a Secret Service runs on the bus, or would be started by a call.
    pub(super) fn is_there(&self) -> Result<bool, FormatError> {
        bounded(async {
            let bus = connect(&self.address).await?;
            let (runs,): (bool,) = on_bus(&bus, "NameHasOwner", &(SERVICE,)).await?;
            let (names,): (Vec<String>,) = on_bus(&bus, "ListActivatableNames", &()).await?;
            Ok(runs || names.iter().any(|name| name == SERVICE))
        })
    }

    /// Every item that has all of these attributes. One that is locked makes it fail.
    pub(super) fn find(&self, attributes: &[(&str, &str)]) -> Result<Vec<Item>, FormatError> {
        let wanted: HashMap<&str, &str> = attributes.iter().copied().collect();
        self.within(async |call| {
            let (found, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
                call.service("SearchItems", &(wanted,)).await?;
            if !locked.is_empty() {
                return Err(Trouble::Locked);
            }
            if found.is_empty() {
                return Ok(Vec::new());
            }
            let mut secrets: HashMap<OwnedObjectPath, Secret> =
                call.service("GetSecrets", &(&found, &call.session)).await?;
            let mut items = Vec::with_capacity(found.len());
            for path in found {
                let Some((_, _, value, _)) = secrets.remove(&path) else { continue };
                let value = Zeroizing::new(value);
                let Ok(secret) = std::str::from_utf8(&value) else { continue };
                let secret = Zeroizing::new(secret.to_owned());
                let attributes = call.attributes(&path).await?;
                items.push(Item { path, attributes, secret });
            }
            Ok(items)
        })
    }

    /// Makes an item in the default collection, in place of one with the same attributes.
    pub(super) fn put(&self, label: &str, attributes: &[(&str, &str)], secret: &str) -> Result<(), FormatError> {
        let attributes: HashMap<&str, &str> = attributes.iter().copied().collect();
        self.within(async |call| {
            let (collection,): (OwnedObjectPath,) = call.service("ReadAlias", &("default",)).await?;
            if collection.as_str() == NOTHING {
                return Err(Trouble::NoCollection);
            }
            let properties = HashMap::from([
                ("org.freedesktop.Secret.Item.Label", Variant::from(label)),
                ("org.freedesktop.Secret.Item.Attributes", Variant::from(attributes)),
            ]);
            let interface = "org.freedesktop.Secret.Collection";
            let body = (properties, call.secret(secret), true);
            let (_, prompt): (OwnedObjectPath, OwnedObjectPath) =
                call.object(collection.as_str(), interface, "CreateItem", &body).await?;
            unprompted(&prompt)
        })
    }

    /// Gives an item another secret; its attributes stay.
    pub(super) fn change(&self, item: &Item, secret: &str) -> Result<(), FormatError> {
        self.within(async |call| {
            let body = (call.secret(secret),);
            call.object(item.path.as_str(), "org.freedesktop.Secret.Item", "SetSecret", &body).await
        })
    }

    /// Takes an item out.
    pub(super) fn delete(&self, item: &Item) -> Result<(), FormatError> {
        self.within(async |call| {
            let (prompt,): (OwnedObjectPath,) =
                call.object(item.path.as_str(), "org.freedesktop.Secret.Item", "Delete", &()).await?;
            unprompted(&prompt)
        })
    }

    /// Does something with a connection of its own, within the limit.
    fn within<T>(&self, what: impl AsyncFnOnce(&Call) -> Result<T, Trouble>) -> Result<T, FormatError> {
        bounded(async {
            let call = Call::open(&self.address).await?;
            what(&call).await
        })
    }
}

/// Why it did not work, without a word of what was in it.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("it is locked; unlock it, or log in to the desktop")]
    Locked,
    #[error("it has no default collection")]
    NoCollection,
    #[error("it has not answered within {} seconds", LIMIT.as_secs())]
    Silent,
    #[error("no Secret Service runs on the session bus")]
    Nobody,
    #[error("it refused: {0}")]
    Refused(String),
    #[error("the session bus cannot be used")]
    Bus,
}

impl From<zbus::Error> for Trouble {
    fn from(error: zbus::Error) -> Self {
        use zbus::DBusError as _;
        match &error {
            zbus::Error::MethodError(name, ..) if name.as_str() == "org.freedesktop.Secret.Error.IsLocked" => {
                Self::Locked
            }
            zbus::Error::MethodError(name, ..) => Self::Refused(name.to_string()),
            zbus::Error::FDO(error) => match &**error {
                fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) | fdo::Error::NoReply(_) => Self::Nobody,
                other => Self::Refused(other.name().to_string()),
            },
            _ => Self::Bus,
        }
    }
}

/// A connection with a session.
struct Call {
    connection: Connection,
    session: OwnedObjectPath,
}

impl Call {
    async fn open(address: &str) -> Result<Self, Trouble> {
        let connection = connect(address).await?;
        let mut call = Self { connection, session: OwnedObjectPath::default() };
        let (_, session): (zbus::OwnedVariant, OwnedObjectPath) =
            call.service("OpenSession", &("plain", Variant::from(""))).await?;
        call.session = session;
        Ok(call)
    }

    fn secret(&self, secret: &str) -> Secret {
        (self.session.clone(), Vec::new(), secret.as_bytes().to_vec(), "text/plain".to_owned())
    }

    async fn attributes(&self, path: &OwnedObjectPath) -> Result<HashMap<String, String>, Trouble> {
        let body = ("org.freedesktop.Secret.Item", "Attributes");
        let (variant,): (zbus::OwnedVariant,) =
            self.object(path.as_str(), "org.freedesktop.DBus.Properties", "Get", &body).await?;
        HashMap::try_from(variant).map_err(|_| Trouble::Bus)
    }

    async fn service<B, T>(&self, method: &str, body: &B) -> Result<T, Trouble>
    where
        B: serde::Serialize + zbus::DynamicType,
        T: serde::de::DeserializeOwned + zbus::Type,
    {
        self.object(ROOT, "org.freedesktop.Secret.Service", method, body).await
    }

    async fn object<B, T>(&self, path: &str, interface: &str, method: &str, body: &B) -> Result<T, Trouble>
    where
        B: serde::Serialize + zbus::DynamicType,
        T: serde::de::DeserializeOwned + zbus::Type,
    {
        let answer = self.connection.call_method(Some(SERVICE), path, Some(interface), method, body).await?;
        Ok(answer.body().deserialize()?)
    }
}

async fn connect(address: &str) -> Result<Connection, Trouble> {
    Ok(zbus::connection::Builder::address(address).build().await?)
}

/// Asks the bus itself.
async fn on_bus<B, T>(connection: &Connection, method: &str, body: &B) -> Result<T, Trouble>
where
    B: serde::Serialize + zbus::DynamicType,
    T: serde::de::DeserializeOwned + zbus::Type,
{
    let (bus, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
    let answer = connection.call_method(Some(bus), path, Some(bus), method, body).await?;
    Ok(answer.body().deserialize()?)
}

fn unprompted(prompt: &OwnedObjectPath) -> Result<(), Trouble> {
    if prompt.as_str() == NOTHING { Ok(()) } else { Err(Trouble::Locked) }
}

/// Waits for something on a bus, on a runtime of its own and within the limit.
fn bounded<T>(what: impl Future<Output = Result<T, Trouble>>) -> Result<T, FormatError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| FormatError::Keyring(error.to_string()))?;
    let done = runtime.block_on(limited(what));
    done.map_err(|trouble| FormatError::Keyring(trouble.to_string()))
}

async fn limited<T>(what: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    tokio::time::timeout(LIMIT, what).await.unwrap_or(Err(Trouble::Silent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_that_is_no_socket_is_none() {
        let variables = |address: &str| Variables::from([(BUS.to_owned(), address.to_owned())]);
        assert!(Keyring::of(&Variables::new()).is_none());
        assert!(Keyring::of(&variables("")).is_none());
        assert!(Keyring::of(&variables("unixexec:path=/bin/sh")).is_none());
        assert!(Keyring::of(&variables("launchd:env=X")).is_none());
        assert!(Keyring::of(&variables("unix:path=/run/bus")).is_some());
    }

    #[test]
    fn a_bus_that_is_not_there_is_an_error_in_words() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let address = format!("unix:path={}", home.path().join("none").display());
        let keyring = Keyring::of(&Variables::from([(BUS.to_owned(), address)])).expect("a socket");
        let error = keyring.put("label", &[("a", "b")], "canary").expect_err("nobody is there");
        assert!(matches!(&error, FormatError::Keyring(_)) && !error.to_string().contains("canary"), "{error}");
    }

    #[test]
    fn a_bus_that_hangs_is_given_up() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let path = home.path().join("bus");
        let _silent = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let address = format!("unix:path={}", path.display());
        let keyring = Keyring::of(&Variables::from([(BUS.to_owned(), address)])).expect("a socket");
        let error = keyring.find(&[("a", "b")]).err().expect("nobody answers");
        assert!(error.to_string().contains("not answered"), "{error}");
    }
}
