//! Closures, generics, trait objects, function pointers: names of both manglings.
use std::collections::HashMap;
use std::hint::black_box;

trait Price {
    fn price(&self, count: u64) -> u64;
}

struct Flat<const N: u64>;
struct Scaled<F: Fn(u64) -> u64>(F);

impl<const N: u64> Price for Flat<N> {
    #[inline(never)]
    fn price(&self, count: u64) -> u64 {
        spin(40_000 + N) + count
    }
}

impl<F: Fn(u64) -> u64> Price for Scaled<F> {
    #[inline(never)]
    fn price(&self, count: u64) -> u64 {
        (self.0)(spin(30_000) + count)
    }
}

#[inline(never)]
fn spin(rounds: u64) -> u64 {
    let mut x = 1u64;
    for i in 0..rounds {
        x = black_box(x.wrapping_mul(6364136223846793005).wrapping_add(i));
    }
    x >> 40
}

#[inline(never)]
fn through<T, R>(value: T, with: fn(T) -> R) -> R {
    with(value)
}

#[inline(never)]
fn sum_all(all: &[Box<dyn Price + Send + 'static>], count: u64) -> u64 {
    all.iter().map(|one| one.price(count)).sum()
}

#[inline(never)]
fn tally<I: Iterator<Item = u64>>(numbers: I) -> HashMap<u64, Vec<u64>> {
    let mut table: HashMap<u64, Vec<u64>> = HashMap::new();
    for n in numbers {
        table.entry(n % 257).or_default().push(spin(200) ^ n);
    }
    table
}

mod inner {
    #[inline(never)]
    pub fn sorted(mut numbers: Vec<u64>) -> Vec<u64> {
        numbers.sort_by_key(|n| std::cmp::Reverse(super::spin(20) ^ n));
        numbers
    }
}

fn main() {
    let rounds: u64 = std::env::args().nth(1).map_or(100, |text| text.parse().unwrap());
    let all: Vec<Box<dyn Price + Send>> =
        vec![Box::new(Flat::<7>), Box::new(Scaled(|x| x / 2 + spin(30_000)))];
    let mut total = 0u64;
    for round in 0..rounds {
        total = total.wrapping_add(sum_all(&all, round));
        total = total.wrapping_add(through(round, |n| spin(20_000) + n));
        total = total.wrapping_add(tally((0..300).map(|n| n * round)).len() as u64);
        total = total.wrapping_add(inner::sorted((0..400).collect())[0]);
    }
    println!("{total}");
}
