//! `wasi:http` has no functions here. Where a program was linked with stubs in their place it may still drop what
//! it never gets: that traps.

use crate::state::kind;

provides! {
    "wasi:http/types@0.3#[resource-drop]fields"
    fn drop_fields(state, handle: u32) {
        state.get(handle, kind::ABSENT);
    }

    "wasi:http/types@0.3#[resource-drop]request"
    fn drop_request(state, handle: u32) {
        state.get(handle, kind::ABSENT);
    }

    "wasi:http/types@0.3#[resource-drop]request-options"
    fn drop_request_options(state, handle: u32) {
        state.get(handle, kind::ABSENT);
    }

    "wasi:http/types@0.3#[resource-drop]response"
    fn drop_response(state, handle: u32) {
        state.get(handle, kind::ABSENT);
    }
}
