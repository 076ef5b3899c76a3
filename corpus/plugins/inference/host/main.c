// A host on WAMR that computes models for its guests:  host PLUGIN
//
// The backend is a toy: a perceptron with 4 inputs, 3 hidden neurons and 3 outputs. A real one has the same functions.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p1b_wamr.h"
#include "plugin_host.h"

enum { IN = 4, HIDDEN = 3, OUT = 3, WEIGHTS = IN * HIDDEN + HIDDEN + HIDDEN * OUT + OUT, RANK = 4, HANDLES = 16 };

// Rows of the first layer, its biases, and the same of the second. Sums of these are exact, on every machine.
static const float toy[WEIGHTS] = {1, -1, 0, 0.5f, 0, 1, -1, 0.25f, -1, 0, 1, 0.5f, 0.25f, 0, -0.25f,
                                   1, -0.5f, 0, 0, 1, -0.5f, -0.5f, 0, 1, 0, 0.125f, 0};

typedef struct wasi_nn_tensor_tensor_t {
    uint32_t dimensions[RANK];
    size_t rank;
    wasi_nn_tensor_tensor_type_t type;
    size_t size;
    uint8_t bytes[];
} tensor;

typedef struct wasi_nn_graph_graph_t {
    float weights[WEIGHTS];
} graph;

typedef struct wasi_nn_inference_graph_execution_context_t {
    graph of;
} context;

typedef struct wasi_nn_errors_error_t {
    wasi_nn_errors_error_code_t code;
    const char *text;
} error;

// How many things of the guest there are: none, when it has dropped all of them.
static int live;

static void fail(const char *what, const char *why) {
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void *made(size_t size) {
    void *one = calloc(1, size);
    if (!one) fail("memory", "there is no more");
    live++;
    return one;
}

static void gone(void *one) {
    free(one);
    live--;
}

static bool refuse(error **err, wasi_nn_errors_error_code_t code, const char *text) {
    *err = made(sizeof **err);
    (*err)->code = code;
    (*err)->text = text;
    return false;
}

void wasi_nn_tensor_tensor_drop(p1b_host *host, tensor *self) { (void)host, gone(self); }
void wasi_nn_errors_error_drop(p1b_host *host, error *self) { (void)host, gone(self); }
void wasi_nn_inference_graph_execution_context_drop(p1b_host *host, context *self) { (void)host, gone(self); }
void wasi_nn_graph_graph_drop(p1b_host *host, graph *self) { (void)host, gone(self); }

tensor *wasi_nn_tensor_constructor_tensor(p1b_host *host, const wasi_nn_tensor_tensor_dimensions_t *dimensions,
                                          wasi_nn_tensor_tensor_type_t ty, const wasi_nn_tensor_tensor_data_t *data) {
    tensor *self = made(sizeof *self + data->len);
    // A constructor has no error to give.
    if (dimensions->len > RANK) p1b_trap(host, "a tensor of too many dimensions");
    else for (; self->rank < dimensions->len; self->rank++) self->dimensions[self->rank] = dimensions->ptr[self->rank];
    self->type = ty;
    self->size = data->len;
    if (data->len) memcpy(self->bytes, data->ptr, data->len);
    return self;
}

// Views of what stays: glue copies them.
void wasi_nn_tensor_method_tensor_dimensions(p1b_host *host, tensor *self, wasi_nn_tensor_tensor_dimensions_t *ret) {
    (void)host;
    ret->ptr = self->dimensions;
    ret->len = self->rank;
}

wasi_nn_tensor_tensor_type_t wasi_nn_tensor_method_tensor_ty(p1b_host *host, tensor *self) {
    (void)host;
    return self->type;
}

void wasi_nn_tensor_method_tensor_data(p1b_host *host, tensor *self, wasi_nn_tensor_tensor_data_t *ret) {
    (void)host;
    ret->ptr = self->bytes;
    ret->len = self->size;
}

wasi_nn_errors_error_code_t wasi_nn_errors_method_error_code(p1b_host *host, error *self) {
    (void)host;
    return self->code;
}

p1b_string wasi_nn_errors_method_error_data(p1b_host *host, error *self) {
    (void)host;
    return p1b_text(self->text);
}

static void layer(const float *weights, const float *from, size_t ins, float *to, size_t outs) {
    for (size_t j = 0; j < outs; j++) {
        to[j] = weights[ins * outs + j];
        for (size_t i = 0; i < ins; i++) to[j] += weights[j * ins + i] * from[i];
    }
}

bool wasi_nn_inference_method_graph_execution_context_compute(p1b_host *host, context *self,
                                                              const wasi_nn_inference_list_named_tensor_t *inputs,
                                                              wasi_nn_inference_list_named_tensor_t *ret, error **err) {
    const wasi_nn_inference_named_tensor_t *first = inputs->ptr;
    float in[IN], hidden[HIDDEN], out[OUT];
    bool fits = inputs->len == 1 && first->f0.len == 5 && !memcmp(first->f0.ptr, "input", 5) && first->f1->rank == 2 &&
                first->f1->dimensions[0] == 1 && first->f1->dimensions[1] == IN && first->f1->size == sizeof in &&
                first->f1->type == WASI_NN_TENSOR_TENSOR_TYPE_FP32;
    if (fits) memcpy(in, first->f1->bytes, sizeof in);
    // They were the guest's and are the host's now.
    for (size_t i = 0; i < inputs->len; i++) gone(inputs->ptr[i].f1);
    if (!fits) return refuse(err, WASI_NN_ERRORS_ERROR_CODE_INVALID_ARGUMENT, "wanted is one tensor, input, of 1x4 FP32");
    layer(self->of.weights, in, IN, hidden, HIDDEN);
    for (size_t i = 0; i < HIDDEN; i++)
        if (hidden[i] < 0) hidden[i] = 0;
    layer(self->of.weights + IN * HIDDEN + HIDDEN, hidden, HIDDEN, out, OUT);
    wasi_nn_inference_named_tensor_t *output = p1b_scratch_items(host, 1, sizeof *output);
    if (!output) return false;
    tensor *of = made(sizeof *of + sizeof out);
    of->rank = 2;
    of->dimensions[0] = 1;
    of->dimensions[1] = OUT;
    of->type = WASI_NN_TENSOR_TENSOR_TYPE_FP32;
    of->size = sizeof out;
    memcpy(of->bytes, out, sizeof out);
    output->f0 = p1b_text("output");
    output->f1 = of;
    ret->ptr = output;
    ret->len = 1;
    return true;
}

bool wasi_nn_graph_method_graph_init_execution_context(p1b_host *host, graph *self, context **ret, error **err) {
    (void)host, (void)err;
    *ret = made(sizeof **ret);
    (*ret)->of = *self;
    return true;
}

bool wasi_nn_graph_load(p1b_host *host, const wasi_nn_graph_list_graph_builder_t *builder, wasi_nn_graph_graph_encoding_t encoding,
                        wasi_nn_graph_execution_target_t target, graph **ret, error **err) {
    float weights[WEIGHTS];
    size_t size = 0;
    (void)host;
    if (target != WASI_NN_GRAPH_EXECUTION_TARGET_CPU) return refuse(err, WASI_NN_ERRORS_ERROR_CODE_UNSUPPORTED_OPERATION, "there is a CPU");
    for (size_t i = 0; i < builder->len; i++) {
        if (size <= sizeof weights && builder->ptr[i].len <= sizeof weights - size && builder->ptr[i].len)
            memcpy((uint8_t *)weights + size, builder->ptr[i].ptr, builder->ptr[i].len);
        size += builder->ptr[i].len;
    }
    if (encoding != WASI_NN_GRAPH_GRAPH_ENCODING_AUTODETECT || size != sizeof weights)
        return refuse(err, WASI_NN_ERRORS_ERROR_CODE_INVALID_ENCODING, "a model is 27 weights");
    *ret = made(sizeof **ret);
    memcpy((*ret)->weights, weights, sizeof weights);
    return true;
}

bool wasi_nn_graph_load_by_name(p1b_host *host, p1b_string name, graph **ret, error **err) {
    (void)host;
    if (name.len != 3 || memcmp(name.ptr, "toy", 3)) return refuse(err, WASI_NN_ERRORS_ERROR_CODE_NOT_FOUND, "the only model is toy");
    *ret = made(sizeof **ret);
    memcpy((*ret)->weights, toy, sizeof toy);
    return true;
}

static p1b_status show(p1b_host *host, p1b_status status, const plugin_result_list_u32_string_t *result, p1b_held *held) {
    if (status) return status;
    if (result->is_err) printf("%.*s\n", (int)result->val.err.len, result->val.err.ptr);
    else {
        for (size_t i = 0; i < result->val.ok.len; i++) printf("%s%" PRIu32, i ? " " : "classes: ", result->val.ok.ptr[i]);
        printf("\n");
    }
    return p1b_done(host, held);
}

static p1b_status all(p1b_host *host) {
    static const float points[3][IN] = {{1, 0, 0, 1}, {0, 1, 0, 1}, {0, 0, 1, 1}};
    plugin_list_f32_t inputs[3] = {{points[0], IN}, {points[1], IN}, {points[2], IN}}, shorter = {points[0], 2}, weights = {toy, WEIGHTS};
    plugin_list_list_f32_t three = {inputs, 3}, one = {&shorter, 1};
    plugin_result_list_u32_string_t result;
    float turned[WEIGHTS];
    p1b_held held;
    p1b_status status = exports_corpus_inference_classifier_classify(host, p1b_text("toy"), &three, &result, &held);
    if ((status = show(host, status, &result, &held))) return status;
    status = exports_corpus_inference_classifier_classify(host, p1b_text("another"), &three, &result, &held);
    if ((status = show(host, status, &result, &held))) return status;
    status = exports_corpus_inference_classifier_classify(host, p1b_text("toy"), &one, &result, &held);
    if ((status = show(host, status, &result, &held))) return status;
    for (size_t i = 0; i < WEIGHTS; i++) turned[i] = -toy[i];
    weights.ptr = turned;
    status = exports_corpus_inference_classifier_classify_by(host, &weights, &three, &result, &held);
    if ((status = show(host, status, &result, &held))) return status;
    weights.len = 5;
    status = exports_corpus_inference_classifier_classify_by(host, &weights, &three, &result, &held);
    if ((status = show(host, status, &result, &held))) return status;
    printf("left: %d\n", live);
    return P1B_OK;
}

int main(int argc, char **argv) {
    static NativeSymbol symbols[PLUGIN_IMPORTS];
    static wasm_function_inst_t functions[PLUGIN_EXPORTS];
    static p1b_handle handles[HANDLES];
    static uint8_t scratch[4096], bytes[1 << 18];
    char why[128] = "";
    p1b_host host;
    p1b_wamr binding;
    RuntimeInitArgs init;
    if (argc != 2) fail("usage", "host PLUGIN");
    memset(&init, 0, sizeof init);
    init.mem_alloc_type = Alloc_With_System_Allocator;
    if (!wasm_runtime_full_init(&init)) fail("WAMR", "does not start");
    if (!p1b_wamr_register(&plugin_world, symbols)) fail("WAMR", "takes no functions");
    FILE *file = fopen(argv[1], "rb");
    if (!file) fail(argv[1], "cannot be opened");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    wasm_module_t module = wasm_runtime_load(bytes, (uint32_t)size, why, sizeof why);
    if (!module) fail("load", why);
    wasm_module_inst_t instance = wasm_runtime_instantiate(module, 16384, 512, why, sizeof why);
    if (!instance) fail("instantiate", why);
    wasm_exec_env_t environment = wasm_runtime_create_exec_env(instance, 16384);
    p1b_init(&host, &plugin_world, scratch, sizeof scratch, handles, HANDLES);
    p1b_status status = p1b_wamr_bind(&binding, &host, instance, environment, functions);
    if (!status) status = plugin_initialize(&host);
    if (!status) status = all(&host);
    if (status) fail(p1b_reason(status), wasm_runtime_get_exception(instance) ? wasm_runtime_get_exception(instance) : "");
    wasm_runtime_destroy_exec_env(environment);
    wasm_runtime_deinstantiate(instance);
    wasm_runtime_unload(module);
    wasm_runtime_destroy();
    return 0;
}
