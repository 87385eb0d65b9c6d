/* Findings: the facts that slow tasks have more often than others, by more than chance. SPDX-License-Identifier: Apache-2.0
 *
 * Of a value it is asked whether slow ones have it more often, or less often; of a number, for every limit between two
 * buckets, whether they are above it or below; of a share, whether they are above; of time, for every stretch of
 * neighbouring intervals, whether they began there. The best limit and the best stretch become findings; all that were tried
 * count as LOOKS, and each probability is corrected for them (contingency.h).
 */
#ifndef CAIRN_ANALYSIS_FINDINGS_H
#define CAIRN_ANALYSIS_FINDINGS_H

#include "analysis/explain/contingency.h"
#include "analysis/explain/facts.h"

enum { ANALYSIS_FINDINGS_MAX = 192 }; /* that are kept, the least likely by chance; the others are counted */

/* The chance that anything at all is found where slow ones were drawn at random. */
#define ANALYSIS_FINDINGS_LEVEL 0.01

enum analysis_relation {
    ANALYSIS_HAS,
    ANALYSIS_HAS_NOT,
    ANALYSIS_IS,
    ANALYSIS_IS_NOT,
    ANALYSIS_AT_LEAST, /* low */
    ANALYSIS_AT_MOST,  /* high */
    ANALYSIS_WITHIN    /* low and high: of BEGIN, numbers of intervals, both inclusive */
};

struct analysis_finding {
    uint32_t topic; /* in facts */
    enum analysis_relation relation;
    double low, high;
    struct trace_value value;          /* of IS and IS_NOT */
    struct analysis_contingency table; /* exact counts */
    uint64_t slow_ticks, rest_ticks;   /* of shares: the time that is meant, of an average task */
    double log_p;                      /* natural; corrected for all looks */
    double
        likelihood; /* how much more likely a task with it is slow than one without; INFINITY: no other is */
    /* From headlines.h: */
    uint32_t headline;                    /* index of the finding it goes with; its own: it is one */
    uint64_t median_with, median_without; /* latency in ticks; 0: there are none */
    struct trace_task_id example;         /* the slowest that has it; of the sample, if that is smaller */
    uint64_t example_latency;
    /* Private: it is to have one of the facts in this part of `order`, or none of them. */
    uint32_t first, last;
    bool is_negated;
};

struct analysis_findings {
    VECTOR(struct analysis_finding) items; /* the least likely by chance first */
    uint64_t significant;                  /* those that were not kept among them */
    uint64_t looks;
    double factor;         /* what probabilities were multiplied by: at most the number of looks */
    uint32_t *order;       /* facts, by topic and value */
    VECTOR(double) minima; /* private: of each look, the least probability it could have given */
};

/* From counted facts of that many tasks. Zero-initialise. False if memory ran out; free it in any case. */
bool analysis_findings_make(struct analysis_findings *findings, const struct analysis_facts *facts,
                            uint64_t slow, uint64_t rest);
void analysis_findings_free(struct analysis_findings *findings);

#endif
