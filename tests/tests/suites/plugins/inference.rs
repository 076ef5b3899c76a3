//! `corpus/plugins/inference`: a guest of `wasi:nn` in a host in C on the WAMR of 2020, with a toy as the backend, and as a component
//! on wasmtime with the same toy in Rust.

use std::fmt::Write;
use std::process::Command;

use anyhow::{Result, ensure};
use p1bridge::host::Input;
use p1bridge_tests::manifest::part;
use p1bridge_tests::plain;
use wasmtime::component::{Component, HasSelf, Linker, Resource, ResourceTable};
use wasmtime::{Engine, Store};

use super::super::glue;

wasmtime::component::bindgen!({
    path: "../corpus/plugins/inference/inference.wit",
    world: "corpus:inference/plugin",
    with: {
        "wasi:nn/errors.error": Refusal,
        "wasi:nn/tensor.tensor": Numbers,
        "wasi:nn/inference.graph-execution-context": Model,
        "wasi:nn/graph.graph": Model,
    },
});

use wasi::nn::errors::ErrorCode;
use wasi::nn::graph::{ExecutionTarget, GraphEncoding};
use wasi::nn::tensor::TensorType;

const WEIGHTS: usize = 4 * 3 + 3 + 3 * 3 + 3;

/// That of `host/main.c`.
const TOY: [f32; WEIGHTS] = [
    1.0, -1.0, 0.0, 0.5, 0.0, 1.0, -1.0, 0.25, -1.0, 0.0, 1.0, 0.5, 0.25, 0.0, -0.25, 1.0, -0.5,
    0.0, 0.0, 1.0, -0.5, -0.5, 0.0, 1.0, 0.0, 0.125, 0.0,
];

pub struct Refusal(ErrorCode, &'static str);

pub struct Numbers {
    dimensions: Vec<u32>,
    ty: TensorType,
    data: Vec<u8>,
}

pub struct Model([f32; WEIGHTS]);

/// The things that the guest has.
#[derive(Default)]
struct Backend(ResourceTable);

impl Backend {
    fn add<T: Send + 'static>(&mut self, one: T) -> Resource<T> {
        self.0.push(one).expect("room")
    }

    fn get<T: 'static>(&self, of: &Resource<T>) -> &T {
        self.0.get(of).expect("a resource")
    }
}

impl wasi::nn::errors::Host for Backend {}

impl wasi::nn::errors::HostError for Backend {
    fn code(&mut self, this: Resource<Refusal>) -> ErrorCode {
        self.get(&this).0
    }

    fn data(&mut self, this: Resource<Refusal>) -> String {
        self.get(&this).1.into()
    }

    fn drop(&mut self, this: Resource<Refusal>) -> wasmtime::Result<()> {
        Ok(self.0.delete(this).map(|_| ())?)
    }
}

impl wasi::nn::tensor::Host for Backend {}

impl wasi::nn::tensor::HostTensor for Backend {
    fn new(&mut self, dimensions: Vec<u32>, ty: TensorType, data: Vec<u8>) -> Resource<Numbers> {
        self.add(Numbers {
            dimensions,
            ty,
            data,
        })
    }

    fn dimensions(&mut self, this: Resource<Numbers>) -> Vec<u32> {
        self.get(&this).dimensions.clone()
    }

    fn ty(&mut self, this: Resource<Numbers>) -> TensorType {
        self.get(&this).ty
    }

    fn data(&mut self, this: Resource<Numbers>) -> Vec<u8> {
        self.get(&this).data.clone()
    }

    fn drop(&mut self, this: Resource<Numbers>) -> wasmtime::Result<()> {
        Ok(self.0.delete(this).map(|_| ())?)
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let four = bytes.chunks_exact(4);
    four.map(|four| f32::from_le_bytes(four.try_into().expect("four")))
        .collect()
}

fn layer(weights: &[f32], from: &[f32], outs: usize) -> Vec<f32> {
    let (rows, biases) = weights.split_at(from.len() * outs);
    let sum = |(row, bias): (&[f32], &f32)| {
        let products = row.iter().zip(from).map(|(weight, one)| weight * one);
        products.fold(*bias, |sum, one| sum + one)
    };
    rows.chunks(from.len()).zip(biases).map(sum).collect()
}

type Named = (String, Resource<Numbers>);

impl wasi::nn::inference::Host for Backend {}

impl wasi::nn::inference::HostGraphExecutionContext for Backend {
    fn compute(
        &mut self,
        this: Resource<Model>,
        inputs: Vec<Named>,
    ) -> Result<Vec<Named>, Resource<Refusal>> {
        let taken: Vec<(String, Numbers)> = inputs
            .into_iter()
            .map(|(name, tensor)| (name, self.0.delete(tensor).expect("a tensor")))
            .collect();
        let fits = |(name, of): &(String, Numbers)| {
            name == "input"
                && of.dimensions == [1, 4]
                && of.data.len() == 16
                && of.ty == TensorType::Fp32
        };
        let [one] = &taken[..] else {
            panic!("a guest with several inputs");
        };
        if !fits(one) {
            return Err(self.add(Refusal(
                ErrorCode::InvalidArgument,
                "wanted is one tensor, input, of 1x4 FP32",
            )));
        }
        let weights = self.get(&this).0;
        let mut hidden = layer(&weights[..15], &floats(&one.1.data), 3);
        hidden.iter_mut().for_each(|one| *one = one.max(0.0));
        let out = layer(&weights[15..], &hidden, 3);
        let output = self.add(Numbers {
            dimensions: vec![1, 3],
            ty: TensorType::Fp32,
            data: out.into_iter().flat_map(f32::to_le_bytes).collect(),
        });
        Ok(vec![("output".into(), output)])
    }

    fn drop(&mut self, this: Resource<Model>) -> wasmtime::Result<()> {
        Ok(self.0.delete(this).map(|_| ())?)
    }
}

impl wasi::nn::graph::Host for Backend {
    fn load(
        &mut self,
        builder: Vec<Vec<u8>>,
        encoding: GraphEncoding,
        target: ExecutionTarget,
    ) -> Result<Resource<Model>, Resource<Refusal>> {
        if target != ExecutionTarget::Cpu {
            return Err(self.add(Refusal(ErrorCode::UnsupportedOperation, "there is a CPU")));
        }
        match floats(&builder.concat()).try_into() {
            Ok(weights) if encoding == GraphEncoding::Autodetect => Ok(self.add(Model(weights))),
            _ => Err(self.add(Refusal(ErrorCode::InvalidEncoding, "a model is 27 weights"))),
        }
    }

    fn load_by_name(&mut self, name: String) -> Result<Resource<Model>, Resource<Refusal>> {
        match name.as_str() {
            "toy" => Ok(self.add(Model(TOY))),
            _ => Err(self.add(Refusal(ErrorCode::NotFound, "the only model is toy"))),
        }
    }
}

impl wasi::nn::graph::HostGraph for Backend {
    fn init_execution_context(
        &mut self,
        this: Resource<Model>,
    ) -> Result<Resource<Model>, Resource<Refusal>> {
        let weights = self.get(&this).0;
        Ok(self.add(Model(weights)))
    }

    fn drop(&mut self, this: Resource<Model>) -> wasmtime::Result<()> {
        Ok(self.0.delete(this).map(|_| ())?)
    }
}

/// What the host in C prints, from the component.
fn on_wasmtime(component: &[u8]) -> Result<String> {
    let engine = Engine::default();
    let component = Component::new(&engine, component).map_err(plain)?;
    let mut linker = Linker::new(&engine);
    Plugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |backend: &mut Backend| backend)
        .map_err(plain)?;
    let mut store = Store::new(&engine, Backend::default());
    let plugin = Plugin::instantiate(&mut store, &component, &linker).map_err(plain)?;
    let classifier = plugin.corpus_inference_classifier();
    let three = [0, 1, 2].map(|at| {
        let mut point = vec![0.0, 0.0, 0.0, 1.0];
        point[at] = 1.0;
        point
    });
    let turned = TOY.map(|weight| -weight);
    let mut said = String::new();
    for (model, weights, inputs) in [
        ("toy", &[][..], &three[..]),
        ("another", &[], &three),
        ("toy", &[], &[vec![1.0, 0.0]]),
        ("", &turned, &three),
        ("", &turned[..5], &three),
    ] {
        let result = match model {
            "" => classifier.call_classify_by(&mut store, weights, inputs),
            model => classifier.call_classify(&mut store, model, inputs),
        };
        match result.map_err(plain)? {
            Ok(classes) => {
                let classes: Vec<String> = classes.iter().map(u32::to_string).collect();
                writeln!(said, "classes: {}", classes.join(" "))?;
            }
            Err(why) => writeln!(said, "{why}")?,
        }
    }
    let left = store.data().0.is_empty();
    Ok(said + if left { "left: 0\n" } else { "left: some\n" })
}

#[test]
fn a_host_in_c_computes_models_for_a_guest_of_wasi_nn() -> Result<()> {
    let right = on_wasmtime(&part("inference-rust")?)?;
    ensure!(
        right.starts_with("classes: 0 1 2\nErrorCode::NotFound: the only model is toy\n")
            && right.ends_with("left: 0\n"),
        "{right}"
    );
    if !glue::is_ready(false) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let plugin = glue::plugin("inference-rust", "wamr-2020")?;
    let objects = glue::glue(folder.path(), &Input::of_module(&plugin)?, "plugin")?;
    let source = glue::top().join("corpus/plugins/inference/host/main.c");
    let host = glue::program(folder.path(), &source, objects, false)?;
    let file = folder.path().join("inference.wasm");
    std::fs::write(&file, plugin)?;
    let said = glue::run(Command::new(host).arg(file))?;
    ensure!(said == right, "{said}\nand not: {right}");
    Ok(())
}
