//! The tree over all leaves: RFC 9162 (and RFC 6962), SHA-256.
//!
//! Leaves and inner nodes are hashed under different prefixes, so that no leaf can pass for a node. A tree of n
//! leaves is split at the largest power of two below n; it follows that its right edge, one root per set bit of n,
//! is all that appending needs. That edge is the [`Frontier`]: 8 bytes and at most 64 hashes, kept by the store with
//! each commit, so that the root is known without reading the log.
//!
//! The standard's own hashes, nothing invented: proofs by anybody's library hold against our roots.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hash::{Hash, sha256};

/// The hash of a leaf's bytes.
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
}

/// The hash of the node over two subtrees.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The right edge of a tree that only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u64, Vec<Hash>)", into = "(u64, Vec<Hash>)")]
pub struct Frontier {
    size: u64,
    /// The roots of the perfect subtrees, the widest first: one per set bit of `size`.
    peaks: Vec<Hash>,
}

impl TryFrom<(u64, Vec<Hash>)> for Frontier {
    type Error = NotAFrontier;

    fn try_from((size, peaks): (u64, Vec<Hash>)) -> Result<Self, NotAFrontier> {
        if peaks.len() != size.count_ones() as usize {
            return Err(NotAFrontier { size, peaks: peaks.len() });
        }
        Ok(Self { size, peaks })
    }
}

impl From<Frontier> for (u64, Vec<Hash>) {
    fn from(frontier: Frontier) -> Self {
        (frontier.size, frontier.peaks)
    }
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf at the right. Like a carry in binary addition, it merges the subtrees that became perfect.
    pub fn append(&mut self, leaf: Hash) {
        let merges = self.size.trailing_ones() as usize;
        let merged = self.peaks.split_off(self.peaks.len() - merges);
        self.peaks.push(merged.iter().rfold(leaf, |right, left| node_hash(left, &right)));
        self.size += 1;
    }

    /// The root: what stands for every leaf and its place. Of the empty tree, the SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        match self.peaks.split_last() {
            None => sha256(b""),
            Some((last, wider)) => wider.iter().rfold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// What cannot be the right edge of a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{peaks} subtree roots are not the frontier of a tree of {size}: it has one for each bit set in its size")]
pub struct NotAFrontier {
    /// The size it names.
    pub size: u64,
    /// How many roots there were.
    pub peaks: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9162 §2.1.1, word for word: slow, and nothing to get wrong.
    fn root_of(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => sha256(b""),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&root_of(left), &root_of(right))
            }
        }
    }

    fn grown(leaves: &[Hash]) -> Frontier {
        leaves.iter().fold(Frontier::new(), |mut tree, leaf| {
            tree.append(*leaf);
            tree
        })
    }

    #[test]
    fn the_roots_are_those_of_the_certificate_transparency_vectors() {
        // The eight leaves and roots that the RFC 6962 reference implementations share.
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let hashes = leaves.map(leaf_hash);
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(grown(&hashes[..size]).root().to_string(), *root, "{size} leaves");
        }
    }

    #[test]
    fn a_grown_tree_has_the_root_the_standard_defines() {
        let leaves: Vec<_> = (0..300_u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let mut tree = Frontier::new();
        for size in 0..=leaves.len() {
            assert_eq!((tree.size(), tree.root()), (size as u64, root_of(&leaves[..size])), "{size} leaves");
            let kept = serde_json::to_string(&tree).unwrap();
            assert_eq!(serde_json::from_str::<Frontier>(&kept).unwrap(), tree, "{size} leaves");
            if let Some(leaf) = leaves.get(size) {
                tree.append(*leaf);
            }
        }
    }

    #[test]
    fn roots_that_do_not_fit_their_size_are_refused() {
        let root = leaf_hash(b"a");
        for (size, peaks) in [(0, vec![root]), (1, vec![]), (3, vec![root]), (4, vec![root, root])] {
            let kept = NotAFrontier { size, peaks: peaks.len() };
            assert_eq!(Frontier::try_from((size, peaks)), Err(kept));
        }
    }
}
