//! A page of the documentation, and the commands that it shows.
//!
//! A command is a line that begins with `$ ` in a block of ```` ```console ````, and a text in backticks that begins with
//! `agentctl `.

use std::fs;
use std::path::Path;

use crate::architecture::repository;

/// Every page, with its commands.
#[derive(Debug)]
pub struct Page {
    /// Its path below the repository.
    pub path: String,
    text: String,
}

/// A command in a block, without its prompt and the remark behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// The heading above it; empty before the first one.
    pub heading: String,
    /// What is typed.
    pub line: String,
}

impl Page {
    /// The page at a path below the repository.
    pub fn at(path: &str) -> Self {
        let text = fs::read_to_string(repository().join(path)).expect("the page is there");
        Self { path: path.to_owned(), text }
    }

    /// Every page of the documentation.
    pub fn all() -> Vec<Self> {
        let root = repository();
        let mut pages = Vec::new();
        for directory in ["", "docs", "systemd", "launchd"] {
            for entry in fs::read_dir(root.join(directory)).expect("the directory is there") {
                let path = entry.expect("it can be read").path();
                if path.extension().is_some_and(|extension| extension == "md") {
                    let path = path.strip_prefix(&root).map(Path::to_str).ok().flatten().expect("it lies below");
                    pages.push(Self::at(path));
                }
            }
        }
        pages.sort_by(|a, b| a.path.cmp(&b.path));
        pages
    }

    /// The commands in blocks, in their order.
    pub fn shown(&self) -> Vec<Shown> {
        let (mut heading, mut inside, mut shown) = (String::new(), false, Vec::new());
        for line in self.text.lines() {
            match line.split_once(' ') {
                _ if line.starts_with("```") => inside = line == "```console",
                Some(("$", command)) if inside => {
                    shown.push(Shown { heading: heading.clone(), line: without_remark(command).to_owned() });
                }
                Some(("#" | "##" | "###", text)) if !inside => text.clone_into(&mut heading),
                _ => {}
            }
        }
        shown
    }

    /// The commands under one heading.
    pub fn under(&self, heading: &str) -> Vec<String> {
        self.shown().into_iter().filter(|shown| shown.heading == heading).map(|shown| shown.line).collect()
    }

    /// What stands in backticks and begins with `agentctl`, blocks left out.
    pub fn mentioned(&self) -> Vec<String> {
        let mut inside = false;
        let prose = self.text.lines().filter(|line| {
            inside ^= line.starts_with("```");
            !inside && !line.starts_with("```")
        });
        let prose = prose.collect::<Vec<_>>().join(" ");
        prose.split('`').skip(1).step_by(2).filter(|text| text.starts_with("agentctl ")).map(str::to_owned).collect()
    }

    /// The first block in this language.
    pub fn first_block(&self, language: &str) -> &str {
        let from = self.text.split_once(&format!("\n```{language}\n")).expect("there is such a block").1;
        from.split_once("\n```").expect("a block ends").0
    }
}

/// A command without what stands behind `#`.
fn without_remark(command: &str) -> &str {
    command.find(" #").map_or(command, |at| &command[..at]).trim_end()
}
