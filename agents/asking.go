package agents

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// interrogative begins an English sentence that wants to know something, with or without a question mark.
	interrogative = regexp.MustCompile(`(?i)^(?:and |but |so |also |then )*(?:(?:by|from|under|after|before|at|in|on|to|with|for|since|until|of|about) (?:how|which|what|whom|when)|what|which|who|whose|whom|when|where|why|how|` +
		`is|are|was|were|am|do|does|did|has|have|had|list|show|name|find out|look up|explain|compare|summari[sz]e|check (?:if|whether|what|which|who|how|why|when)|tell me (?:what|which|who|whose|when|where|why|how|if|whether|about|the))(?:'s|'re)?\b`)
	// doing are verbs with which people ask for something to be done.
	doing = regexp.MustCompile(`(?i)\b(?:write|send|create|remind|approve|cancel|adjust|assign|reassign|resolve|reserve|invite|arrange|prepare|generate|submit|mute|unmute|buy|pay|tell|let|give|add|put|set|make|` +
		`mark|move|reorder|escalate|notify|inform|forward|reschedule|postpone|delete|remove|register|issue|confirm|accept|reject|decline|apologi[sz]e|thank|please|enter|correct|fix|restart|lower|raise|hand over|take)\b`)
	// doingAtStart are verbs that are nouns or adjectives as well ("open orders"): they ask for something to be done where a clause begins with them.
	doingAtStart = regexp.MustCompile(`(?i)(?:^|[.!?;:,]\s*|\b(?:and|then|to|so|please|you|also|or)\s+)(?:draft|order|quote|mail|e-mail|email|note|log|book|change|request|offer|answer|reply|call|report|document|schedule|transfer|` +
		`update|silence|snooze|open|close|file|plan|meet|record|ship|return|invoice|ask|follow|block|hold|increase|decrease|reduce|start|stop|post|ring|contact|respond|sign|extend)\b`)
	// suggestion are questions that ask for something to be done all the same.
	suggestion = regexp.MustCompile(`(?i)\b(?:why (?:don't|not|can't)|how about|what about|what if|shall|should we|let's|(?:can|could|will|would) (?:you|we|somebody|someone)|need|want|like (?:you|to|a|an)|i'd|we'd)\b`)

	// othersWish asks what somebody else wants or needs; the words are no suggestion there.
	othersWish = regexp.MustCompile(`(?i)\bwhat (?:does|did|do) (?:[\pL\pN'-]+ ){1,6}(?:want|need)\s*(?:[?,.]|$)`)

	// command begins a sentence that has something done, whatever else it may ask.
	command = regexp.MustCompile(`(?i)^(?:please |and |then |also |can you |could you )*(?:order|buy|create|move|transfer|book|approve|close|resolve|cancel|send|draft|write|schedule|submit|silence|assign|adjust|` +
		`remind|request|log|quote|update)\b|^(?:请|帮我|再|并|然后)*(?:下单|下订单|订购|订\d|采购|创建|新建|关闭|批准|审批|调拨|调整|转移|移动|预订|提交|静默|登记|起草|撰写|写|发|安排|提醒|申请|取消|分配|更新|把|将|给)`)

	chineseInterrogative = regexp.MustCompile(`什么|哪|谁|多少|几|吗|为什么|为何|怎么|怎样|如何|何时|是否|有没有|是不是|多大|多久|多长|多高|呢|？`)
	chineseDoing         = regexp.MustCompile(`帮|请(?:[^问假]|$)|给(?:他|她|它|他们|客户|供应商|[A-Z\p{Han}]{1,12}(?:发|写|打))|起草|拟|撰写|写|发(?:送|一|给|邮|个|封)|安排|预订|预定|预约|订(?:[^单阅]|$)|创建|新建|建(?:一|个|立)|开(?:一|个|张)|` +
		`提醒|下单|下订单|采购(?:一|\d)|批准|审批|同意|拒绝|驳回|调整|调拨|转移|移到|静默|屏蔽|静音|登记|记录一|记一|记下|更新|改(?:成|为|到|一)|修改|申请(?:\d|一|从|年假|事假|请假)|生成|做一|制作|通知|回复|取消|关闭|分配|指派|设(?:为|成|置)|标记|转给|添加|加(?:一|上|到)|让|把|将|报价给|出一|约`)
	// sentences end with a stop and a blank: "5.5" is in the middle of one.
	sentences = regexp.MustCompile(`(?:[^.!?;\n]|[.!?;][^\s])+[.!?;]*`)
)

// OnlyAsks reports whether a question wants to know something, and nothing done: it asks, and holds none of the words with which people have things done. Where that is in
// doubt it is not so.
func OnlyAsks(question string) bool {
	question = strings.TrimSpace(question)
	if InChinese(question) {
		return chineseInterrogative.MatchString(question) && !chineseDoing.MatchString(question)
	}
	if doing.MatchString(question) || doingAtStart.MatchString(question) || suggestion.MatchString(othersWish.ReplaceAllString(question, "")) {
		return false
	}
	return strings.Contains(question, "?") || slices.ContainsFunc(sentences.FindAllString(question, -1), func(sentence string) bool {
		return interrogative.MatchString(strings.TrimSpace(sentence))
	})
}

// Commands reports whether a question begins with the wish that something is done, beyond doubt: where it is done, a record has changed.
func Commands(question string) bool { return command.MatchString(strings.TrimSpace(question)) }

// onlyAsks reports whether nothing is to be done for the question. What a user has replied to a question back may say otherwise.
func (t Turn) onlyAsks() bool {
	return OnlyAsks(t.Question) && !slices.ContainsFunc(t.Facts, func(fact Fact) bool { return fact.Tool == ToolAskUser })
}
