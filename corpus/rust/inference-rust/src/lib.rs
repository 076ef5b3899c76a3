//! The guest of `plugins/inference`: a classifier on `wasi:nn`.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::corpus::inference::classifier::Guest;
use bindings::wasi::nn::errors::Error;
use bindings::wasi::nn::graph::{ExecutionTarget, Graph, GraphEncoding, load, load_by_name};
use bindings::wasi::nn::tensor::{Tensor, TensorType};

struct Classifier;
bindings::export!(Classifier with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// What the host has said.
fn said(error: Error) -> String {
    format!("{:?}: {}", error.code(), error.data())
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn each(graph: &Graph, inputs: &[Vec<f32>]) -> Result<Vec<u32>, String> {
    let context = graph.init_execution_context().map_err(said)?;
    let mut answers = Vec::new();
    for input in inputs {
        let tensor = Tensor::new(&[1, input.len() as u32], TensorType::Fp32, &bytes(input));
        let outputs = context.compute(vec![("input".to_string(), tensor)]).map_err(said)?;
        let Some((name, output)) = outputs.into_iter().next() else {
            return Err("no output".to_string());
        };
        let (dimensions, data) = (output.dimensions(), output.data());
        if name != "output" || output.ty() != TensorType::Fp32 || dimensions != [1, data.len() as u32 / 4] {
            return Err(format!("{name} has {dimensions:?} and {} bytes", data.len()));
        }
        let values = data.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        let largest = values.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        answers.extend(largest.map(|(place, _)| place as u32));
    }
    Ok(answers)
}

impl Guest for Classifier {
    fn classify(model: String, inputs: Vec<Vec<f32>>) -> Result<Vec<u32>, String> {
        each(&load_by_name(&model).map_err(said)?, &inputs)
    }

    fn classify_by(weights: Vec<f32>, inputs: Vec<Vec<f32>>) -> Result<Vec<u32>, String> {
        let (first, second) = weights.split_at(weights.len() / 2);
        let parts = [bytes(first), bytes(second)];
        each(&load(&parts, GraphEncoding::Autodetect, ExecutionTarget::Cpu).map_err(said)?, &inputs)
    }
}
