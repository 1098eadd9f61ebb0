//! A synthetic program with calls and returns, from which profiles are generated.

use std::collections::HashMap;

/// Pseudorandom numbers with a fixed seed (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A function of the program, by number; 0 is the main function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Function(pub u32);

const PACKAGES: [&str; 8] = [
    "shop.cart",
    "shop.catalog.search",
    "io.wire.http",
    "io.wire.codec",
    "store.index",
    "store.log.segment",
    "util.text",
    "runtime",
];
const NOUNS: [&str; 10] = [
    "Reader",
    "Buffer",
    "Session",
    "Table",
    "Cursor",
    "Request",
    "Scheduler",
    "Node",
    "Cache",
    "Matcher",
];
const VERBS: [&str; 12] = [
    "read",
    "parse",
    "append",
    "lookup",
    "flush",
    "encode",
    "compareTo",
    "resize",
    "next",
    "merge",
    "visit",
    "hash",
];

fn pick<'w>(words: &[&'w str], by: u64) -> &'w str {
    words[(by % words.len() as u64) as usize]
}

impl Function {
    fn bits(self) -> u64 {
        mix(u64::from(self.0))
    }

    /// `store.index.Cursor`.
    pub fn class(self) -> String {
        let bits = self.bits();
        let (package, noun) = (pick(&PACKAGES, bits), pick(&NOUNS, bits >> 8));
        format!("{package}.{noun}")
    }

    /// `parse17`, which is unique within its class.
    pub fn method(self) -> String {
        match self.0 {
            0 => "main".to_string(),
            number => format!("{}{number}", pick(&VERBS, self.bits() >> 16)),
        }
    }

    pub fn name(self) -> String {
        format!("{}.{}", self.class(), self.method())
    }

    /// `/srv/app/store/index/Cursor.src`.
    pub fn file(self) -> String {
        format!("/srv/app/{}.src", self.class().replace('.', "/"))
    }

    /// Its first line in the file.
    pub fn line(self) -> u64 {
        1 + (self.bits() >> 24) % 2000
    }

    /// One of its callees, in a program with the given number of `functions`. Callees have higher
    /// numbers; the last functions call themselves.
    pub fn callee(self, choice: u64, functions: u32) -> Function {
        let reach = u64::from(functions / DEEPEST).max(1);
        let distance = 1 + mix(u64::from(self.0) * CHOICES + choice) % reach;
        Function((self.0 + distance as u32).min(functions - 1))
    }
}

/// The number of callees of a function.
pub const CHOICES: u64 = 4;

/// The maximum number of frames in a stack.
const DEEPEST: u32 = 64;

/// A call path, by number; callers have lower numbers than callees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Node(pub u32);

/// The next action of the program.
pub enum Step {
    Call(Function),
    Return(Function),
}

/// A run of the program.
pub struct Run {
    pub random: Random,
    /// The number of functions in the program.
    functions: u32,
    /// The depth at which calls turn into returns.
    goal: usize,
    path: Vec<Node>,
    /// The caller and the function of each node. The first one is the main function, which is its
    /// own caller.
    nodes: Vec<(Node, Function)>,
    children: HashMap<(Node, Function), Node>,
}

impl Run {
    pub fn new(functions: u32) -> Run {
        Run {
            random: Random::new(7),
            functions,
            goal: 0,
            path: vec![Node(0)],
            nodes: vec![(Node(0), Function(0))],
            children: HashMap::new(),
        }
    }

    /// Calls a function, or returns from one.
    pub fn step(&mut self) -> Step {
        const SHALLOWEST: u32 = 5;
        while self.goal == self.path.len() || self.goal == 0 {
            let range = u64::from(DEEPEST - SHALLOWEST);
            self.goal = SHALLOWEST as usize + self.random.below(range) as usize;
        }
        match self.goal > self.path.len() {
            true => self.call(),
            false => {
                let node = self.path.pop().expect("the goal is not 0");
                Step::Return(self.function(node))
            }
        }
    }

    fn call(&mut self) -> Step {
        let caller = self.node();
        // A function usually has the same callee, and occasionally others.
        let choice = self.random.below(160).min(CHOICES - 1);
        let function = self.function(caller).callee(choice, self.functions);
        let next = Node(self.nodes.len() as u32);
        let node = *self.children.entry((caller, function)).or_insert(next);
        if node == next {
            self.nodes.push((caller, function));
        }
        self.path.push(node);
        Step::Call(function)
    }

    /// Continues until the program turns from calls to returns or vice versa, where it takes a
    /// sample.
    pub fn sample(&mut self) -> Node {
        self.step();
        while self.goal != self.path.len() {
            self.step();
        }
        self.node()
    }

    /// The current node.
    pub fn node(&self) -> Node {
        *self.path.last().expect("the main function never returns")
    }

    pub fn function(&self, node: Node) -> Function {
        self.nodes[node.0 as usize].1
    }

    /// The caller of a node, which the main function does not have.
    pub fn caller(&self, node: Node) -> Option<Node> {
        (node.0 > 0).then(|| self.nodes[node.0 as usize].0)
    }

    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node> + use<> {
        (0..self.nodes.len() as u32).map(Node)
    }

    /// The nodes of a stack, starting with the leaf.
    pub fn path(&self, leaf: Node) -> impl Iterator<Item = Node> {
        std::iter::successors(Some(leaf), |node| self.caller(*node))
    }

    /// The functions of a stack, starting with the leaf.
    pub fn stack(&self, leaf: Node) -> impl Iterator<Item = Function> {
        self.path(leaf).map(|node| self.function(node))
    }
}

/// Samples of a run.
pub struct Recording {
    pub run: Run,
    pub samples: Vec<Node>,
}

impl Recording {
    /// As many samples as fit into `bytes`, where each sample takes `per_sample` bytes and each
    /// node `per_node`.
    pub fn of(bytes: usize, functions: u32, per_sample: usize, per_node: usize) -> Recording {
        let mut run = Run::new(functions);
        let mut samples = Vec::new();
        while samples.len() * per_sample + run.nodes.len() * per_node < bytes {
            samples.push(run.sample());
        }
        Recording { run, samples }
    }
}

/// The number of functions in a program, unless the profile contains only functions.
pub const FUNCTIONS: u32 = 5000;
