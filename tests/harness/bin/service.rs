//! One of the five test services as a program of its own, for the demo and for the real CLIs.
//!
//! It prints `service URL` when it is ready, keeps real time, and ends when its standard input does, or on a signal.

use harness::service::{Baseten, Contree, LlamaIndex, Service, Tank, Tensormesh, Wire};
use std::{
    io::{self, Read as _, Write as _},
    process::ExitCode,
};

const USAGE: &str = "\
usage: service KIND [--auto-approve] [--port N] [--key KEY]...
KIND is tensormesh, llamaindex, tank, baseten or contree";

/// What the arguments ask for.
#[derive(Default)]
struct Asked {
    auto_approve: bool,
    port: u16,
    keys: Vec<String>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_default();
    let serve: fn(&Asked) -> io::Result<()> = match kind.as_str() {
        Baseten::NAME => serve::<Baseten>,
        Contree::NAME => serve::<Contree>,
        LlamaIndex::NAME => serve::<LlamaIndex>,
        Tank::NAME => serve::<Tank>,
        Tensormesh::NAME => serve::<Tensormesh>,
        other => return wrong(&format!("`{other}` is no service")),
    };
    match parse(arguments) {
        Ok(asked) => serve(&asked).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        Err(what) => wrong(&what),
    }
}

fn wrong(what: &str) -> ExitCode {
    writeln!(io::stderr(), "error: {what}\n{USAGE}").ok();
    ExitCode::from(2)
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--auto-approve" => asked.auto_approve = true,
            "--port" => asked.port = value()?.parse().map_err(|_| "`--port` needs a port".to_owned())?,
            "--key" => asked.keys.push(value()?),
            other => return Err(format!("`{other}` is not known")),
        }
    }
    Ok(asked)
}

fn serve<W: Wire>(asked: &Asked) -> io::Result<()> {
    let service = Service::launch_at(W::default(), asked.port);
    service.follow_real_time();
    service.auto_approve(asked.auto_approve);
    asked.keys.iter().for_each(|key| service.add_key(key));
    let mut output = io::stdout();
    writeln!(output, "service {}", service.url())?;
    output.flush()?;
    // Whatever is written to it is of no interest; its end is.
    io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink())?;
    Ok(())
}
