//! `links.json`: every link, beside the store. It holds fingerprints and no credential.
//!
//! Written as a whole, synced, before anything that it speaks of is done: whatever a dead daemon has left in the files of
//! other tools can be recognised by it. Fields of a newer daemon are ignored. A file that cannot be read is moved aside and
//! never a reason not to start.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::{Record, State};
use super::format::{Mine, Spot, To, Variables};
use super::profiles::Follow;
use crate::private::{self, Access};
use crate::secret::Fingerprint;
use crate::store::PrivateError;

const VERSION: u32 = 1;
/// The longest file that is read, in bytes.
const MOST: u64 = 4 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    links: Vec<LinkForm>,
}

#[derive(Serialize, Deserialize)]
struct LinkForm {
    id: String,
    format: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    follow: FollowForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heir: Option<String>,
    to: ToForm,
    spot: SpotForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<MineForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    writing: Option<MineForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Mark>,
    state: StateForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FollowForm {
    Current(String),
    Profile(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ToForm {
    Home,
    Tmpfs,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StateForm {
    Failed,
    Foreign,
    Linked,
    Suspended,
    Waiting,
}

#[derive(Serialize, Deserialize)]
struct SpotForm {
    places: Vec<String>,
    path: PathBuf,
    #[serde(default)]
    variables: Variables,
    #[serde(default)]
    environment: Variables,
}

#[derive(Serialize, Deserialize)]
struct MineForm {
    profile: String,
    credential: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

/// A fingerprint in hex digits.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Mark(Fingerprint);

impl From<Mark> for String {
    fn from(Mark(fingerprint): Mark) -> Self {
        super::hex(&fingerprint.0)
    }
}

impl TryFrom<String> for Mark {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 16];
        if text.len() != 32 || !text.is_ascii() {
            return Err("not 32 hex digits");
        }
        for (byte, at) in bytes.iter_mut().zip((0..32).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| "not 32 hex digits")?;
        }
        Ok(Self(Fingerprint(bytes)))
    }
}

impl From<&Mine> for MineForm {
    fn from(mine: &Mine) -> Self {
        Self { profile: mine.profile.clone(), credential: Mark(mine.credential), before: mine.before.clone() }
    }
}

impl From<MineForm> for Mine {
    fn from(form: MineForm) -> Self {
        Self { profile: form.profile, credential: form.credential.0, before: form.before }
    }
}

impl From<&Record> for LinkForm {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id.clone(),
            format: record.format.clone(),
            provider: record.provider.clone(),
            follow: match &record.follow {
                Follow::Current(provider) => FollowForm::Current(provider.clone()),
                Follow::Profile(profile) => FollowForm::Profile(profile.clone()),
            },
            heir: record.heir.clone(),
            to: match record.to {
                To::Home => ToForm::Home,
                To::Tmpfs => ToForm::Tmpfs,
            },
            spot: SpotForm {
                places: record.spot.places.clone(),
                path: record.spot.path.clone(),
                variables: record.spot.variables.clone(),
                environment: record.spot.environment.clone(),
            },
            last: record.last.as_ref().map(MineForm::from),
            writing: record.writing.as_ref().map(MineForm::from),
            earlier: record.earlier.iter().copied().map(Mark).collect(),
            state: match record.state {
                State::Failed => StateForm::Failed,
                State::Foreign => StateForm::Foreign,
                State::Linked => StateForm::Linked,
                State::Suspended => StateForm::Suspended,
                State::Waiting => StateForm::Waiting,
            },
            detail: record.detail.clone(),
            written_at: record.written_at,
        }
    }
}

impl From<LinkForm> for Record {
    fn from(form: LinkForm) -> Self {
        let SpotForm { places, path, variables, environment } = form.spot;
        Self {
            id: form.id,
            format: form.format,
            provider: form.provider,
            follow: match form.follow {
                FollowForm::Current(provider) => Follow::Current(provider),
                FollowForm::Profile(profile) => Follow::Profile(profile),
            },
            heir: form.heir,
            to: match form.to {
                ToForm::Home => To::Home,
                ToForm::Tmpfs => To::Tmpfs,
            },
            spot: Spot { places, path, variables, environment },
            last: form.last.map(Mine::from),
            writing: form.writing.map(Mine::from),
            earlier: form.earlier.into_iter().map(|mark| mark.0).collect(),
            state: match form.state {
                StateForm::Failed => State::Failed,
                StateForm::Foreign => State::Foreign,
                StateForm::Linked => State::Linked,
                StateForm::Suspended => State::Suspended,
                StateForm::Waiting => State::Waiting,
            },
            detail: form.detail,
            written_at: form.written_at,
        }
    }
}

/// Reads the file; what cannot be read is moved aside, with a sentence for `status`.
pub(super) fn load(path: &Path) -> (Vec<Record>, Option<String>) {
    match read(path) {
        Ok(records) => (records, None),
        Err(why) => {
            let mut aside = path.as_os_str().to_owned();
            aside.push(".damaged");
            let aside = PathBuf::from(aside);
            let moved = std::fs::rename(path, &aside).is_ok();
            let mut warning = format!("the list of links `{}` cannot be used ({why})", path.display());
            if moved {
                warning.push_str(", so it was moved to `");
                warning.push_str(&aside.display().to_string());
                warning.push('`');
            }
            tracing::warn!(path = %path.display(), %why, moved, "the list of links cannot be used");
            (Vec::new(), Some(warning))
        }
    }
}

fn read(path: &Path) -> Result<Vec<Record>, String> {
    let Some(file) = private::open(path, Access::Read).map_err(|error| error.to_string())? else {
        return Ok(Vec::new());
    };
    let mut text = Vec::new();
    file.take(MOST).read_to_end(&mut text).map_err(|error| error.kind().to_string())?;
    let form: Form = serde_json::from_slice(&text)
        .map_err(|error| format!("line {}, column {}: not what this version writes", error.line(), error.column()))?;
    if form.version != VERSION {
        return Err(format!("its version is {}", form.version));
    }
    Ok(form.links.into_iter().map(Record::from).collect())
}

/// Writes the file, durably.
pub(super) fn save(path: &Path, records: &[Record]) -> Result<(), PrivateError> {
    let form = Form { version: VERSION, links: records.iter().map(LinkForm::from).collect() };
    let failed = |path: &Path, error: std::io::Error| PrivateError::io(path, "write")(error);
    let mut text = serde_json::to_vec_pretty(&form).map_err(|error| failed(path, error.into()))?;
    text.push(b'\n');
    private::directory(private::parent(path))?;
    let unfinished = private::unfinished(path);
    let mut file = private::create(&unfinished)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(|error| failed(&unfinished, error))?;
    private::publish(&unfinished, path)
}
