//! The README and the pages of the book, and the blocks of code in them.
use std::path::{Path, PathBuf};

/// A block of code: its language, and what stands in it.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) code: String,
}

/// A page: its path from the root, and its blocks in their order.
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The README and every page below `docs/`.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![root().join("README.md"), root().join("deploy/README.md")];
    collect(&root().join("docs"), &mut paths);
    paths.sort();
    let page = |path: PathBuf| Page {
        name: path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(),
        blocks: blocks(&std::fs::read_to_string(&path).unwrap()),
    };
    paths.into_iter().map(page).collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "md") {
            into.push(path);
        }
    }
}

/// The blocks between fences that begin a line.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), code: String::new() });
            }
            (None, Some(block)) => {
                block.code.push_str(line);
                block.code.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The code of every block in a language: (page, code).
pub(crate) fn code_of(language: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for page in pages() {
        let blocks = page.blocks.into_iter().filter(|block| block.language == language);
        found.extend(blocks.map(|block| (page.name.clone(), block.code)));
    }
    found
}

#[test]
fn the_readme_is_a_page_to_begin_with() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 120).collect();
    assert!(wide.is_empty(), "{wide:?}");
    let (lines_count, words_count) = (text.lines().count(), text.split_whitespace().count());
    assert!(lines_count <= 150 && words_count <= 1_300, "{lines_count} lines, {words_count} words");
}
