//! Rings: files of one folder that import one another in a circle. A name that a `mod.rs` (or `x.rs` beside
//! `x/`) only hands on counts as imported from the file that defines it; handing on is no import.
use super::{File, scan};
use std::collections::{BTreeMap, BTreeSet};

/// A module's path from the crate's root.
type Module = Vec<String>;

/// The modules of the house, each with its paths as they are written.
pub(crate) struct Modules<'a> {
    files: BTreeMap<Module, &'a File>,
}

/// The path of the module that a file is: `esme/core.rs` is `esme::core`, `esme/mod.rs` is `esme`.
fn module_of(name: &str) -> Module {
    let path = name.trim_end_matches(".rs");
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

impl<'a> Modules<'a> {
    pub(crate) fn new(files: &'a [File]) -> Modules<'a> {
        let code = files.iter().filter(|f| !f.is_test && f.module != "lib" && f.module != "main");
        Modules { files: code.map(|f| (module_of(&f.name), f)).collect() }
    }

    /// A path as written in `module`, from the crate's root; None for another crate's.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut at = match path[0].as_str() {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            child => {
                let own = [&module[..], &[child.to_owned()]].concat();
                self.files.contains_key(&own).then(|| own.clone())?
            }
        };
        for word in &path[1..] {
            match word.as_str() {
                "super" => drop(at.pop()),
                _ => at.push(word.clone()),
            }
        }
        Some(at)
    }

    /// The module that defines what a path from the root names.
    fn home(&self, path: &[String], steps: usize) -> Option<Module> {
        let known = (1..=path.len()).rev().find(|n| self.files.contains_key(&path[..*n]))?;
        let module = path[..known].to_vec();
        let Some(name) = path.get(known).filter(|_| steps > 0) else { return Some(module) };
        let handed_on = self.written(&module).into_iter().filter(|(public, _)| *public).find_map(
            |(_, path)| {
                let last = path.last()?;
                let target = self.absolute(&module, &path)?;
                if last == name {
                    return self.home(&target, steps - 1);
                }
                let all = [&target[..target.len() - 1], std::slice::from_ref(name)].concat();
                (last == "*").then(|| self.home(&all, steps - 1)).flatten()
            },
        );
        handed_on.or(Some(module))
    }

    /// The paths of a module that may lead into the house, and whether each is of a `pub use`.
    fn written(&self, module: &Module) -> Vec<(bool, Vec<String>)> {
        let code = &self.files[module].code;
        let children = self.files.keys().filter(|m| m.len() == module.len() + 1);
        let children = children.filter(|m| m.starts_with(module)).filter_map(|m| m.last());
        let starts = ["crate", "super", "self"].into_iter().chain(children.map(String::as_str));
        starts.flat_map(|start| scan::paths_from(code, start)).collect()
    }

    /// Every module with those of its own folder that it imports.
    fn arrows(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut arrows = BTreeMap::new();
        for module in self.files.keys() {
            let mut targets = BTreeSet::new();
            for (_, path) in self.written(module).into_iter().filter(|(public, _)| !public) {
                let home = self.absolute(module, &path).and_then(|path| self.home(&path, 8));
                targets.extend(home.filter(|home| home != module && home[0] == module[0]));
            }
            arrows.insert(module.clone(), targets);
        }
        arrows
    }

    /// The rings, each as the arrows that close it: `a.rs -> b.rs`.
    pub(crate) fn rings(&self) -> BTreeSet<Vec<String>> {
        let arrows = self.arrows();
        let reached = |from: &Module| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(module) = open.pop() {
                open.extend(arrows[module].iter().filter(|to| seen.insert((*to).clone())));
            }
            seen
        };
        let all: BTreeMap<&Module, BTreeSet<Module>> =
            arrows.keys().map(|module| (module, reached(module))).collect();
        let mut rings = BTreeSet::new();
        for (module, reached) in all.iter().filter(|(module, reached)| reached.contains(**module)) {
            let ring: Vec<&Module> =
                reached.iter().filter(|other| all[*other].contains(*module)).collect();
            let name = |module: &Module| self.files[module].name.as_str();
            let inner = ring.iter().flat_map(|from| {
                let to = arrows[*from].iter().filter(|to| ring.contains(to));
                to.map(|to| format!("{} -> {}", name(from), name(to)))
            });
            rings.insert(inner.collect());
        }
        rings
    }
}
