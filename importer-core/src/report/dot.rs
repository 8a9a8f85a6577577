//! The graph of modules in the DOT language of Graphviz (R53).

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::{
    moment::rfc3339,
    status::{ModuleStatus, State},
};

/// Draws modules and their imports: children with solid lines, friends with dotted ones, and a frame around each
/// directory. Paths are relative to the directory that all files have in common. `verbose` adds when and how often each
/// module was loaded.
///
/// ```
/// # use samovar_importer::{ModuleStatus, State, dot};
/// let module = |path: &str, children: &[&str]| ModuleStatus {
///     path: std::path::Path::new(path).into(),
///     state: State::UpToDate,
///     record: None,
///     library: false,
///     children: children.iter().map(|path| std::path::Path::new(path).into()).collect(),
///     friends: Vec::new(),
/// };
/// let drawn = dot("main", &[module("/site/index.rhai", &["/site/lib/page.rhai"]), module("/site/lib/page.rhai", &[])], false);
/// assert!(drawn.contains(r#""index.rhai" -> "lib/page.rhai";"#));
/// ```
#[must_use]
pub fn dot(name: &str, modules: &[ModuleStatus], verbose: bool) -> String {
    format!("digraph {} {{\n{HEAD}{}}}\n", quoted(name), body("", "cluster", modules, verbose))
}

/// Draws several interpreters in one graph, each with a frame around it.
#[must_use]
pub fn dot_all<'a>(
    name: &str,
    interpreters: impl IntoIterator<Item = (&'a str, &'a [ModuleStatus])>,
    verbose: bool,
) -> String {
    let mut text = format!("digraph {} {{\n{HEAD}", quoted(name));
    for (at, (interpreter, modules)) in interpreters.into_iter().enumerate() {
        let cluster = format!("cluster_{at}");
        let drawn = body(&format!("{interpreter}: "), &cluster, modules, verbose);
        let _ =
            write!(text, "  subgraph {cluster} {{\n  label={}; fillcolor=white;\n{drawn}  }}\n", quoted(interpreter));
    }
    text + "}\n"
}

/// Draws nodes and edges. The names of nodes begin with `prefix`, those of frames with `cluster`.
fn body(prefix: &str, cluster: &str, modules: &[ModuleStatus], verbose: bool) -> String {
    let root = common_directory(modules);
    let label = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned();
    let node = |path: &Path| quoted(&format!("{prefix}{}", label(path)));
    let mut directories: BTreeMap<String, Vec<&ModuleStatus>> = BTreeMap::new();
    for module in modules {
        let directory = registered(&module.path).map_or_else(|| module.path.parent().map(label), |_| None);
        directories.entry(directory.unwrap_or_default()).or_default().push(module);
    }
    let mut text = String::new();
    for (at, (directory, modules)) in directories.iter().enumerate() {
        let (open, close) = match directory.is_empty() {
            true => (String::new(), ""),
            false => (
                format!("  subgraph {cluster}_{at} {{\n    label={}; fillcolor=\"#f6f6f6\";\n", quoted(directory)),
                "  }\n",
            ),
        };
        text += &open;
        for module in modules {
            let _ = writeln!(text, "    {} [{}];", node(&module.path), attributes(module, verbose));
        }
        text += close;
    }
    let known: HashSet<&Path> = modules.iter().map(|module| &*module.path).collect();
    for module in modules {
        let from = node(&module.path);
        for child in module.children.iter().filter(|path| known.contains(&***path)) {
            let _ = writeln!(text, "  {from} -> {};", node(child));
        }
        for friend in module.friends.iter().filter(|path| known.contains(&***path)) {
            let _ = writeln!(text, "  {from} -> {} [style=dotted];", node(friend));
        }
    }
    text
}

const HEAD: &str = r##"  rankdir=LR; ranksep=0.6; nodesep=0.15;
  fontname="Helvetica"; fontsize=11; fontcolor="#666666";
  graph [style="rounded,filled"; color="#d8d8d8"; fillcolor="#f6f6f6"];
  node [shape=box; style="rounded,filled"; color="#555555"; fillcolor=white; fontname="Helvetica"; fontsize=11; height=0.3];
  edge [color="#555555"; arrowsize=0.7];
"##;

fn attributes(module: &ModuleStatus, verbose: bool) -> String {
    let name = module.path.file_name().unwrap_or(module.path.as_os_str()).to_string_lossy();
    let mut label = quoted(registered(&module.path).unwrap_or(&name));
    if let (true, Some(record)) = (verbose, &module.record) {
        label.pop();
        // `\n` is a line break to Graphviz, and must not be escaped a second time.
        let _ = write!(label, "\\ngeneration {}, load {}", record.generation, record.instances);
        let _ = write!(label, "\\n{} in {:.1} ms\"", rfc3339(record.loaded), record.took.as_secs_f64() * 1000.0);
    }
    let look = match (&module.state, registered(&module.path), module.library) {
        (State::Stale(_), ..) => r##"; fillcolor="#ffe2a8"; tooltip="stale""##,
        (State::Waiting(_), ..) => r##"; fillcolor="#ffe2a8"; tooltip="waiting""##,
        (State::Failed(_), ..) => r##"; fillcolor="#f7b8b0"; tooltip="failed""##,
        (_, Some(_), _) => r##"; shape=component; style=filled; fillcolor="#e6eef7""##,
        (_, None, true) => r##"; fillcolor="#e6eef7""##,
        _ => "",
    };
    format!("label={label}{look}")
}

/// Returns the name of a registered module; `None` for a file.
fn registered(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix("registered:")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Returns the deepest directory that contains all files.
fn common_directory(modules: &[ModuleStatus]) -> PathBuf {
    let files = modules.iter().filter(|module| registered(&module.path).is_none());
    let mut directories = files.filter_map(|module| module.path.parent());
    let Some(first) = directories.next() else { return PathBuf::new() };
    directories.fold(first.to_path_buf(), |common, directory| {
        let same = common.components().zip(directory.components()).take_while(|(a, b)| a == b);
        same.map(|(component, _)| component).collect()
    })
}
