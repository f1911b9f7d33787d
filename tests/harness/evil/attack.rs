//! The switches of the malicious authorization server, one per attack.

use serde_json::Value;

use super::Place;

/// The members of the metadata that name endpoints which requests, or people, go to.
const ENDPOINTS: [&str; 7] = [
    "authorization_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
];

macro_rules! attacks {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// One way to do harm.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Attack {
            $($(#[$doc])+ $name,)+
        }

        impl Attack {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

attacks! {
    // Who is who.
    /// The metadata is for another issuer (RFC 8414 §3.3).
    AnotherIssuer,
    /// The metadata names the authorization endpoint of an honest server, for the code to be brought here (RFC 9700 §4.4).
    MixUpByMetadata,
    /// The authorization endpoint sends the browser on to that of an honest server.
    MixUpByRedirect,
    /// The server registers this program as a client of an honest one, whose authorization endpoint it names (RFC 7591).
    MixUpByRegistration,
    /// The answer names another issuer (RFC 9207 §2.4).
    WrongIss,
    /// The answer names no issuer, though the metadata promises it (RFC 9207 §3).
    MissingIss,

    // The answer to the browser's request.
    /// Another `state`.
    WrongState,
    /// No `state`.
    MissingState,
    /// A reference to a pushed request that is none (RFC 9126 §2.2).
    HostileReference,
    /// A code and an error at once.
    CodeAndError,
    /// The code of another login (RFC 9700 §4.5).
    CodeOfAnother,
    /// An error that is markup and terminal escapes.
    ErrorWithMarkup,
    /// PKCE with `plain` only (RFC 9700 §4.8).
    PlainPkceOnly,
    /// A list of PKCE methods that is empty.
    NoPkceMethods,

    // The ID token (OpenID Connect Core §3.1.3.7).
    /// `alg` is `none`.
    UnsignedToken,
    /// `alg` is `HS256`, by which whoever knows the public key can sign.
    SymmetricToken,
    /// `aud` is another client.
    AnotherAudience,
    /// `azp` is another client.
    AnotherParty,
    /// `iss` is another issuer.
    TokenOfAnotherIssuer,
    /// `exp` is long past.
    ExpiredToken,
    /// `nonce` of another login.
    WrongNonce,
    /// No `nonce`.
    MissingNonce,
    /// `kid`, `jku`, `x5u` are paths and addresses that a key might be looked for at.
    KeyByPath,

    // Redirects to elsewhere on this machine, the body with them (307).
    /// Of the metadata.
    RedirectedMetadata,
    /// Of the registration of a client.
    RedirectedRegistration,
    /// Of a pushed authorization request.
    RedirectedPush,
    /// Of the code's exchange.
    RedirectedExchange,
    /// Of the device authorization.
    RedirectedDevice,
    /// Of the polls of a device login.
    RedirectedPoll,
    /// Of the question who has logged in.
    RedirectedUserinfo,
    /// Of a refresh.
    RedirectedRefresh,
    /// Of a revocation.
    RedirectedRevocation,

    // Tokens.
    /// Bound to a key that nobody here has (RFC 9449).
    DpopToken,
    /// A token of a type that nobody uses any more.
    MacToken,
    /// No access token at all, says the type (RFC 8693 §2.2.1).
    NoToken,
    /// A token that ends a line and begins another header.
    LineBreakToken,
    /// Two of each, the wrong one first.
    DuplicateMembers,
    /// A page with status 200.
    HtmlAnswer,
    /// An error and tokens at once.
    ErrorWithTokens,
    /// Userinfo of somebody else (OpenID Connect Core §5.3.2).
    UserinfoOfAnother,
    /// More scope than was asked for.
    WidenedScope,
    /// No scope.
    EmptyScope,
    /// A scope with terminal escapes.
    ScopeWithEscapes,
    /// A life that no clock can count.
    EndlessLife,
    /// A life before the beginning.
    NegativeLife,

    // Bombs.
    /// Metadata of megabytes.
    HugeMetadata,
    /// Tokens in megabytes.
    HugeAnswer,
    /// Good metadata in each encoding of HTTP, which bombs are made of.
    EncodedMetadata,
    /// Metadata nested a hundred thousand deep.
    DeepMetadata,
    /// A million members.
    ManyMembers,
    /// One header of a megabyte.
    HugeHeader,
    /// Headers without an end.
    EndlessHeaders,
    /// A body without an end.
    EndlessBody,
    /// Metadata a byte at a time.
    SlowMetadata,

    // Addresses to open.
    /// An authorization endpoint that is a command, a file, a script, somebody else's.
    HostileAuthorizationEndpoint,
    /// The same as the page of a device login.
    HostilePage,
    /// The same as the page with the code in it, and good pages elsewhere.
    HostileCompletePage,
    /// A page whose name looks like another (UTS #39).
    LookAlikePage,

    // A server on the internet that sends us where only we can go.
    /// Endpoints in private networks.
    EndpointInPrivateNetwork,
    /// Endpoints where clouds keep credentials.
    EndpointAtCloudMetadata,
    /// Endpoints on this machine.
    EndpointOnThisMachine,
    /// The same in every form of IPv6.
    EndpointInIpv6,
    /// The same as decimal, octal and hexadecimal numbers.
    EndpointAsNumber,
    /// A page of a device login that is inside.
    PageInside,
}

impl Attack {
    /// Where the server is.
    pub fn place(self) -> Place {
        if self >= Self::EndpointInPrivateNetwork { Place::Internet } else { Place::ThisMachine }
    }

    /// Whether the login is one by device code.
    pub fn is_by_device(self) -> bool {
        matches!(
            self,
            Self::RedirectedDevice
                | Self::RedirectedPoll
                | Self::HostilePage
                | Self::HostileCompletePage
                | Self::LookAlikePage
                | Self::PageInside
        )
    }

    /// Whether the login names no client, so that one is registered.
    pub fn registers(self) -> bool {
        matches!(self, Self::MixUpByRegistration | Self::RedirectedRegistration)
    }

    /// Whether the answer is not one at all, so that the login goes on until its time is over.
    pub fn is_left_aside(self) -> bool {
        matches!(self, Self::WrongState | Self::MissingState | Self::CodeAndError)
    }

    /// What is put in place of the good value, one login each; attacks with a single form have an empty one.
    pub fn forms(self) -> Vec<String> {
        let inside: &[&str] = match self {
            Self::HostileAuthorizationEndpoint | Self::HostilePage | Self::HostileCompletePage => return urls(),
            Self::EncodedMetadata => &["gzip", "deflate", "br"],
            Self::EndpointInPrivateNetwork => {
                &["https://10.0.0.1/x", "https://172.16.5.4/x", "https://192.168.1.1/x", "https://100.64.0.1/x"]
            }
            Self::EndpointAtCloudMetadata => &[
                "https://169.254.169.254/latest/meta-data/",
                "https://169.254.170.2/v2/credentials/",
                "https://100.100.100.200/",
                "https://168.63.129.16/",
                "https://[fd00:ec2::254]/",
            ],
            Self::EndpointOnThisMachine => &[
                "http://127.0.0.1:631/",
                "https://127.0.0.1/",
                "https://127.9.9.9/",
                "https://0.0.0.0/",
                "http://localhost:2375/",
                "https://localhost./",
                "https://as.localhost/",
            ],
            Self::EndpointInIpv6 => &[
                "http://[::1]:631/",
                "https://[::]/",
                "https://[::ffff:127.0.0.1]/",
                "https://[::ffff:a00:1]/",
                "https://[64:ff9b::a9fe:a9fe]/",
                "https://[2002:c0a8:101::]/",
                "https://[fe80::1]/",
                "https://[fd12:3456::1]/",
            ],
            Self::EndpointAsNumber => &[
                "https://2130706433/",
                "https://0x7f000001/",
                "https://0177.0.0.1/",
                "https://127.1/",
                "https://167772161/",
                "https://0xa9.0xfe.0xa9.0xfe/",
                "https://0251.0376.0251.0376/",
                "https://2852039166/",
            ],
            Self::PageInside => {
                &["http://127.0.0.1:631/", "https://192.168.1.1/", "https://169.254.169.254/", "https://2130706433/"]
            }
            Self::HostileReference => &["", "urn:x\r\nx-evil: evil-marker", "urn:\u{1b}[2Jevil-marker", "urn:\u{441}"],
            _ => &[""],
        };
        match self.place() {
            // Each of them as each of the endpoints.
            Place::Internet if self != Self::PageInside => {
                inside.iter().flat_map(|url| ENDPOINTS.map(|member| format!("{member} {url}"))).collect()
            }
            _ => inside.iter().map(|form| (*form).to_owned()).collect(),
        }
    }
}

/// The addresses of `urls.txt`.
fn urls() -> Vec<String> {
    let lines = include_str!("urls.txt").lines().filter(|line| line.starts_with('"'));
    lines
        .map(|line| serde_json::from_str::<Value>(line).expect("a JSON string"))
        .map(|url| url.as_str().expect("a string").to_owned())
        // What is empty is absent.
        .filter(|url| !url.is_empty())
        .collect()
}
