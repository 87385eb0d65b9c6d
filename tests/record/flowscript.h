/* One cycle of a flow; see flows.h. SPDX-License-Identifier: Apache-2.0
 *
 * Included once per flow, with FLOW, the flow's name, and FLOW_CYCLE, the name of the function, so that each flow has
 * call sites of its own. The table `cycle` in flowcheck.c says the same for the reader, call by call; like it this is a
 * list, and stays in one piece. */
static void FLOW_CYCLE(struct flow_progress *flow, cairn_task root)
{
    char text[FLOW_TEXT_BYTES];
    cairn_task task = cairn_task_begin(root, FLOW " task");
    uint64_t number = complete(flow);
    cairn_attr(task, FLOW " task number", number);
    number = complete(flow);
    cairn_region outer = cairn_region_begin(task, FLOW " outer");
    number = complete(flow);
    cairn_attr(outer, FLOW " outer number", (int64_t)number);
    number = complete(flow);
    cairn_logf(task, FLOW " numbers", "%d %" PRIu64, (int)(number % 1000), number);
    number = complete(flow);
    cairn_region inner = cairn_region_begin(task, FLOW " inner");
    number = complete(flow);
    flow_text(text, number, flow_text_bytes(number));
    cairn_log(task, FLOW " text", text);
    number = complete(flow);
    flow_text(text, number, 20);
    cairn_attr(outer, FLOW " outer text", text);
    number = complete(flow);
    cairn_attr(inner, FLOW " inner number", (double)number);
    number = complete(flow);
    cairn_counter(FLOW " counter", number);
    complete(flow);
    cairn_region_end(inner);
    complete(flow);
    cairn_task child = cairn_task_begin(task, FLOW " child");
    number = complete(flow);
    cairn_logf(child, FLOW " number", "%" PRIu64, number);
    complete(flow);
    cairn_link(child, task);
    number = complete(flow);
    flow_text(text, number, 30);
    cairn_logf(task, FLOW " formatted", "%s at %" PRIu64, text, number);
    complete(flow);
    cairn_task_fail(child, "as planned");
    number = complete(flow);
    cairn_region_at(task, FLOW " at", FLOW_AT_NS + 1000 * number, FLOW_AT_NS + 2000 * number);
    complete(flow);
    cairn_region_end(outer);
    complete(flow);
    cairn_task_end(task);
    complete(flow);
}
#undef FLOW
#undef FLOW_CYCLE
