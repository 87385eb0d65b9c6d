/* Attributes and counters. Part of semantics.c. SPDX-License-Identifier: Apache-2.0 */

#include <float.h>
#include <limits.h>

static void case_values_of_tasks(void)
{
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    const cairn_task constant = task;
    char text[] = "text that may change", key[] = "key made at run time";
    const char *pointer = "pointer to const";
    char array[8] = "array";
    cairn_attr(task, "int", -1);
    cairn_attr(task, "int min", INT_MIN);
    cairn_attr(task, "long", LONG_MIN);
    cairn_attr(task, "long long", LLONG_MAX);
    cairn_attr(task, "short", (short)-3);
    cairn_attr(task, "signed char", (signed char)-4);
    cairn_attr(task, "unsigned", UINT_MAX);
    cairn_attr(task, "unsigned long", ULONG_MAX);
    cairn_attr(task, "unsigned long long", 5ull);
    cairn_attr(task, "unsigned short", (unsigned short)65535);
    cairn_attr(task, "unsigned char", (unsigned char)255);
    cairn_attr(task, "size", sizeof task);
    cairn_attr(task, "double", 0.1);
    cairn_attr(task, "double max", DBL_MAX);
    cairn_attr(task, "float", 1.5f);
    cairn_attr(task, "true", (bool)true);
    cairn_attr(task, "false", (bool)false);
    cairn_attr(task, "literal", "text");
    cairn_attr(task, "pointer", pointer);
    cairn_attr(task, "changing", text);
    cairn_attr(task, "array", array);
    cairn_attr(constant, "of a constant handle", 1);
    cairn_attr_dyn(task, key, 2);
    cairn_attr_dyn(task, key, "text");
    cairn_task_end(task);
}

static void case_values_of_regions(void)
{
    char key[] = "key made at run time";
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_region outer = cairn_region_begin(task, "outer");
    const cairn_region inner = cairn_region_begin(task, "inner");
    cairn_attr(inner, "int", -1);
    cairn_attr(inner, "unsigned", 1u);
    cairn_attr(inner, "unsigned short", (unsigned short)2);
    cairn_attr(inner, "double", 0.25);
    cairn_attr(inner, "bool", (bool)true);
    cairn_attr(inner, "text", "of the innermost");
    cairn_attr_dyn(inner, key, 3);
    cairn_attr(outer, "int", 10);
    cairn_attr(outer, "text", "not of the innermost");
    cairn_attr_dyn(outer, key, 1.5);
    cairn_region_end(inner);
    cairn_attr(outer, "int", 11);
    cairn_region_end(outer);
    cairn_task_end(task);
}

static void *attr_on_thread(void *argument)
{
    cairn_attr(*(cairn_region *)argument, "from another thread", 1);
    cairn_attr(*(cairn_region *)argument, "text from another thread", "text");
    return NULL;
}

static void case_values_until_the_end(void)
{
    cairn_region none = {0, 0};
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_region region = cairn_region_begin(task, "region");
    cairn_attr(region, "before the end", 1);
    on_thread(attr_on_thread, &region);
    cairn_region_end(region);
    cairn_attr(region, "after the end", 2);
    cairn_attr(region, "after the end", "text");
    cairn_attr(none, "of none", 3);
    cairn_attr(none, "of none", "text");
    cairn_attr(task, "before the end", 4);
    cairn_task_end(task);
    cairn_attr(task, "after the end", 5);
    cairn_attr(task, "after the end", "text");
}

static void case_counters(void)
{
    char name[] = "made at run time";
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_counter("queue", 3);
    cairn_counter("queue", -1);
    cairn_counter("bytes", 18446744073709551615ull);
    cairn_counter("load", 0.75);
    cairn_counter("load", 0.5f);
    cairn_counter_dyn(name, 7);
    cairn_log(task, "after", "counters: they are of no task");
    cairn_task_end(task);
}
