// The same program as C++. SPDX-License-Identifier: Apache-2.0
#include "semantics.c"
