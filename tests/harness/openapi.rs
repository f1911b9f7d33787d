//! The `OpenAPI` 3.1 document, made from `proto`: its route table, its message types, its headers.
//!
//! Nothing is written by hand here that `proto` already says. The document is checked in as `docs/openapi.json`
//! (written by `cargo xtask openapi`) and compared by a test.

use proto::route::{Body, Method, Route};
use proto::{event, hello, link, login, problem, profile, project, provider, route, status, token, trace, whoami, why};
use utoipa::ToSchema;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ComponentsBuilder, Schema};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    Response, ResponseBuilder, ServerBuilder, Type,
};

const DESCRIPTION: &str = "The protocol of `agentd` on its local socket, for example `curl --unix-socket \
$XDG_RUNTIME_DIR/agentd/agentd.sock http://agentd/v1/status`. Requests that carry `Origin`, `Referer` or a `Host` other \
than `agentd` are refused. Unknown fields and words are to be ignored by whoever reads them.";

/// The name of the shared answer for every error.
const PROBLEM: &str = "Problem";

/// Builds the document.
pub fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in route::ALL {
        paths = paths.path(route.path, PathItem::new(method(route.method), operation(route)));
    }
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0"));
    let info = InfoBuilder::new()
        .title("agentd")
        .version(proto::PROTOCOL_VERSION.to_string())
        .description(Some(DESCRIPTION))
        .license(Some(license.build()));
    let mut components = ComponentsBuilder::new().response(PROBLEM, problem_answer());
    for (name, schema) in schemas() {
        components = components.schema(name, schema);
    }
    for (name, header) in headers() {
        components = components.header(name, header);
    }
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([ServerBuilder::new().url(format!("http://{}", hello::HOST)).build()]))
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

/// The document as it is checked in: two spaces, a newline at the end.
///
/// # Panics
/// Never: the document is plain data.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).expect("the document is plain data");
    text.push('\n');
    text
}

/// Every type of the wire by name, each with the types its fields have.
fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = Vec::new();
    for add in [
        message::<event::Event>,
        message::<link::DoctorRequest>,
        message::<link::Findings>,
        message::<link::ImportRequest>,
        message::<link::Imported>,
        message::<link::Link>,
        message::<link::LinkRequest>,
        message::<link::Links>,
        message::<link::UnlinkRequest>,
        message::<login::LoginAnswer>,
        message::<login::LoginRequest>,
        message::<login::LoginStarted>,
        message::<login::LoginStep>,
        message::<login::Logins>,
        message::<problem::Problem>,
        message::<profile::LoggedOut>,
        message::<profile::LogoutRequest>,
        message::<profile::Profile>,
        message::<profile::Profiles>,
        message::<profile::Removed>,
        message::<profile::RenameRequest>,
        message::<profile::Renamed>,
        message::<profile::SwitchRequest>,
        message::<project::ProjectRequest>,
        message::<project::Projects>,
        message::<provider::Environment>,
        message::<provider::EnvironmentRequest>,
        message::<provider::EnvironmentSwitched>,
        message::<provider::Forgotten>,
        message::<provider::Provider>,
        message::<provider::ProviderChecked>,
        message::<provider::ProviderFile>,
        message::<provider::Providers>,
        message::<status::Done>,
        message::<status::Metrics>,
        message::<status::Reloaded>,
        message::<status::Status>,
        message::<token::ExecRequest>,
        message::<token::ExecVariables>,
        message::<token::RefreshRequest>,
        message::<token::RejectRequest>,
        message::<token::Rejected>,
        message::<token::Token>,
        message::<token::TokenRequest>,
        message::<trace::Traced>,
        message::<whoami::ProbeRequest>,
        message::<whoami::Probed>,
        message::<whoami::SyncRequest>,
        message::<whoami::Whoami>,
        message::<whoami::WhoamiRequest>,
        message::<why::Why>,
        message::<why::WhyRequest>,
        message::<proto::id::LinkId>,
        message::<proto::id::LoginId>,
        message::<proto::id::ProfileName>,
    ] {
        add(&mut all);
    }
    all
}

fn message<T: ToSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}

fn operation(route: &Route) -> Operation {
    OperationBuilder::new()
        .operation_id(Some(route.name))
        .summary(Some(route.summary))
        .parameters(parameters(route))
        .request_body(route.request.map(request))
        .response("200", answer(route))
        .response("default", Ref::from_response_name(PROBLEM))
        .build()
}

/// What a path takes, before and behind its `?`; nothing where it takes nothing.
fn parameters(route: &Route) -> Option<Vec<Parameter>> {
    let query = route.query.iter().map(|parameter| {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let described = ParameterBuilder::new().name(parameter.name).description(Some(parameter.summary));
        described.parameter_in(ParameterIn::Query).schema(Some(number)).build()
    });
    let all: Vec<_> = parameter(route).into_iter().chain(query).collect();
    (!all.is_empty()).then_some(all)
}

/// The one placeholder a path may have; its name says which identifier fills it.
fn parameter(route: &Route) -> Option<Parameter> {
    let (_, rest) = route.path.split_once('{')?;
    let (name, _) = rest.split_once('}')?;
    let schema = match name {
        "id" => proto::id::LoginId::name(),
        "provider" => proto::id::ProviderName::name(),
        _ => proto::id::ProfileName::name(),
    };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
    Some(parameter.schema(Some(Ref::from_schema_name(schema))).build())
}

fn request(name: &str) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    RequestBodyBuilder::new().required(Some(Required::True)).content("application/json", content).build()
}

fn answer(route: &Route) -> Response {
    let (media_type, description) = match route.body {
        Body::Json => ("application/json", format!("`{}`", route.response)),
        Body::Text(media_type) => (media_type, route.summary.to_owned()),
        Body::Events => ("text/event-stream", format!("Each `data:` line holds one `{}` as JSON", route.response)),
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(route.response))).build();
    introduced(ResponseBuilder::new().description(description).content(media_type, content)).build()
}

fn problem_answer() -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(problem::Problem::name()))).build();
    introduced(ResponseBuilder::new().description("What went wrong (RFC 9457)").content(problem::MEDIA_TYPE, content))
        .build()
}

/// Every answer says who gives it.
fn introduced(mut response: ResponseBuilder) -> ResponseBuilder {
    for (name, _) in headers() {
        response = response.header_ref(name, Ref::new(format!("#/components/headers/{name}")));
    }
    response
}

fn headers() -> [(&'static str, Header); 3] {
    let header = |kind: Type, description: &str| {
        HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(kind))).description(Some(description)).build()
    };
    [
        (hello::CAPABILITIES_HEADER, header(Type::String, "What the daemon can do: words separated by single spaces")),
        (hello::PROTOCOL_HEADER, header(Type::Integer, "The version of the protocol")),
        (hello::VERSION_HEADER, header(Type::String, "The version of the daemon")),
    ]
}

fn method(method: Method) -> HttpMethod {
    match method {
        Method::Delete => HttpMethod::Delete,
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
    }
}
