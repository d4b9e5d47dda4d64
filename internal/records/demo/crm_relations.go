package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// complaintTexts are what customers write, in English and Chinese, by kind.
var complaintTexts = map[string][]string{
	"late delivery": {"The delivery of %s came later than you promised. Our line stood still.|订单%s交货晚于承诺日期，产线停工，请说明原因。"},
	"quality":       {"Two pieces of %s run rough after a week. Please send somebody.|%s中有两件运行一周后异响，请派人检查。"},
	"wrong parts":   {"%s came with the wrong cables, once again.|%s发错了电缆，已经不是第一次了。"},
	"service":       {"Nobody has called back about %s for two weeks.|关于%s，两周没有人回电话。"},
	"invoice":       {"The bill for %s does not agree with the order.|%s的账单与订单不符。"},
}

var complaintKinds = []string{"quality", "wrong parts", "service", "invoice"}

// complain lets customers complain: about some late deliveries, now and then about other things, and more often before they leave.
func (s *seller) complain() {
	type opened struct {
		row   Complaint
		local bool
	}
	var all []opened
	for _, o := range s.orders {
		if o.shipped == "" {
			continue
		}
		unhappy := slices.Contains([]string{"fading", "gone"}, buyers[o.buyer].habit) && o.shipped >= "2025-03-01"
		late := o.shipped > o.order.PromisedOn
		kind := ""
		switch chance := s.random.IntN(100); {
		case late && (chance < 35 || len(o.waits) > 0 && chance < 75):
			kind = "late delivery"
		case unhappy && chance < 40, chance < 3:
			kind = complaintKinds[s.random.IntN(len(complaintKinds))]
		}
		if kind == "" {
			continue
		}
		day := workday(date(o.shipped).AddDate(0, 0, int(s.between(1, 12))))
		if text(day) > Today {
			continue
		}
		id := o.order.ID
		row := Complaint{CustomerID: o.order.CustomerID, OrderID: &id, Kind: kind, OpenedOn: text(day)}
		settled := s.between(3, 30)
		if row.OpenedOn >= "2025-10-01" && s.random.IntN(100) < 45 {
			settled += 120 // still open
		}
		closed := text(workday(day.AddDate(0, 0, int(settled))))
		if closed <= Today {
			row.ClosedOn = &closed
		}
		all = append(all, opened{row, s.rows.Customers[o.buyer].NameLocal != ""})
	}
	slices.SortStableFunc(all, func(a, b opened) int { return cmp.Compare(a.row.OpenedOn, b.row.OpenedOn) })
	numbers := map[string]int{}
	for _, o := range all {
		o.row.ID = documentNumber(numbers, "CMP", o.row.OpenedOn)
		words := complaintTexts[o.row.Kind][0]
		o.row.Text = fmt.Sprintf(inLanguage(words, o.local), *o.row.OrderID)
		s.rows.Complaints = append(s.rows.Complaints, o.row)
	}
}

// inLanguage takes the Chinese or the English part of "English|Chinese".
func inLanguage(words string, local bool) string {
	english, chinese, _ := strings.Cut(words, "|")
	if local {
		return chinese
	}
	return english
}

// The notes of sales people, and the mails of customers who are content or not.
var (
	touches = []string{
		"Talked about the plan for the next quarter.|讨论了下季度的需求计划。", "Went through the open orders.|核对了在手订单。",
		"Showed the new control cabinet.|介绍了新款控制柜。", "Checked the axes on site, no findings.|现场检查直线模组，无异常。",
		"Agreed on the forecast for six months.|确认了六个月的预测。"}
	contentMails = []string{"Thank you for the quick answer, we will come back with the next order.|谢谢快速答复，下个订单会尽快给您。",
		"Please send the drawings of the new axis.|请发一下新模组的图纸。"}
	unhappyMails = []string{"We have had an offer from somebody else that is a tenth cheaper.|我们收到了另一家便宜一成的报价。",
		"We are going to reduce the number of suppliers this year.|今年我们要减少供应商数量。",
		"Before we order again we want to know why the last complaint is still open.|再次下单之前，请说明上次投诉为何还没有解决。"}
)

// stayInTouch writes what happened between the sales people and customers and leads since the beginning of 2025.
func (s *seller) stayInTouch() {
	var all []Activity
	for i, b := range buyers {
		customer := s.rows.Customers[i]
		every := map[string]int64{"key": 24, "standard": 45, "small": 70}[b.segment]
		day := date("2025-01-02").AddDate(0, 0, int(s.between(0, every)))
		for {
			day = workday(day)
			if text(day) > Today {
				break
			}
			unhappy := (b.habit == "fading" || b.habit == "gone") && text(day) >= "2025-06-01"
			row := Activity{CustomerID: &customer.ID, HappenedOn: text(day), OwnerID: b.owner}
			words := touches
			switch chance := s.random.IntN(100); {
			case chance < 25 && unhappy:
				row.Kind, row.FromThem, words = "mail", 1, unhappyMails
			case chance < 25:
				row.Kind, row.FromThem, words = "mail", 1, contentMails
			case chance < 70:
				row.Kind = "call"
			default:
				row.Kind = "visit"
			}
			row.Text = inLanguage(words[s.random.IntN(len(words))], customer.NameLocal != "")
			all = append(all, row)
			gap := s.between(every*7/10, every*13/10)
			if unhappy {
				gap = gap * 18 / 10
			}
			day = day.AddDate(0, 0, int(gap))
		}
	}
	for i, p := range prospects {
		all = append(all, leadActivities(s.rows.Leads[i], p)...)
	}
	slices.SortStableFunc(all, func(a, b Activity) int { return cmp.Compare(a.HappenedOn, b.HappenedOn) })
	numbers := map[string]int{}
	for _, row := range all {
		row.ID = documentNumber(numbers, "ACT", row.HappenedOn)
		s.rows.Activities = append(s.rows.Activities, row)
	}
}

func leadActivities(lead Lead, p prospect) (all []Activity) {
	for written := range strings.SplitSeq(p.activities, ",") {
		day, kind, found := strings.Cut(written, " ")
		if !found {
			continue
		}
		row := Activity{LeadID: &lead.ID, HappenedOn: day, Kind: strings.TrimSuffix(kind, "*"), OwnerID: lead.OwnerID}
		row.Text = inLanguage("Talked about what they need and when.|沟通了需求和时间。", lead.NameLocal != "")
		if strings.HasSuffix(kind, "*") {
			row.FromThem = 1
			row.Text = inLanguage("When can we have your offer? We decide soon.|报价什么时候能给？我们很快要决定。", lead.NameLocal != "")
		}
		all = append(all, row)
	}
	return all
}

func (s *seller) makeLeads() {
	for i, p := range prospects {
		english, local, _ := strings.Cut(p.company, "|")
		row := Lead{ID: fmt.Sprintf("LEAD-%03d", i+1), Company: english, NameLocal: local, Contact: p.contact, Industry: p.industry, Country: p.country,
			Employees: p.employees, Source: p.source, Stage: p.stage, CreatedOn: p.created, OwnerID: p.owner, NextStep: p.next,
			Inquiry: p.inquiry, Currency: Currency}
		if p.budget > 0 {
			cents := p.budget * 100
			row.BudgetCents = &cents
		}
		if p.wanted != "" {
			row.WantedOn = &p.wanted
		}
		if p.nextOn != "" {
			row.NextStepOn = &p.nextOn
		}
		s.rows.Leads = append(s.rows.Leads, row)
	}
}

// The stages of a deal, in order, as the table deal_stages has them.
var dealStages = []string{"qualification", "analysis", "proposal", "negotiation"}

// projects are what deals are about, as "title|product|pieces".
var projects = []string{
	"Axes for a new assembly line|LA-800|24", "Gantry for the second hall|GS-300|4", "Retrofit of five machines|CC-400|10", "Cross tables for inspection|XY-200|9",
	"Servo packages for a series|SP-750|80", "Heavy axes for loading|LA-950|16", "Rotary tables for welding|RT-150|12", "Five axis gantry|GS-500|3",
	"Grippers for picking|PG-100|60", "Control cabinets of the next machine|CC-800|8", "Belt modules for feeding|MB-200|45", "Cross tables for a pilot line|XY-400|6",
}

// makeDeals makes deals of customers, most of them open, and of the leads that are qualified.
func (s *seller) makeDeals() {
	for n := range 30 {
		i := (n*11 + 3) % len(buyers)
		if buyers[i].habit == "gone" {
			continue
		}
		customer := s.rows.Customers[i]
		depth := 1 + n%4
		outcome := ""
		switch n % 5 {
		case 3:
			outcome = "won"
		case 4:
			outcome = "lost"
		}
		s.makeDeal(n, &customer.ID, nil, customer.OwnerID, depth, outcome)
	}
	for i, lead := range s.rows.Leads {
		switch lead.Stage {
		case "qualified":
			s.makeDeal(40+i, nil, &lead.ID, lead.OwnerID, 1+i%3, "")
		case "converted":
			s.makeDeal(40+i, nil, &lead.ID, lead.OwnerID, 4, "won")
		}
	}
}

func (s *seller) makeDeal(n int, customer, lead *string, owner string, depth int, outcome string) {
	parts := strings.Split(projects[n%len(projects)], "|")
	pieces := whole(parts[2]) * s.between(60, 140) / 100
	last := date(Today).AddDate(0, 0, -int(s.between(2, 30)))
	if outcome != "" {
		last = date("2025-12-20").AddDate(0, 0, -int(s.between(0, 150)))
	}
	expected := date(Today).AddDate(0, 0, int(s.between(10, 110)))
	switch {
	case outcome != "":
		expected = last.AddDate(0, 0, int(s.between(-10, 20)))
	case n%6 == 1:
		expected = date(Today).AddDate(0, 0, -int(s.between(3, 40))) // should have been decided by now
	}
	row := Deal{ID: fmt.Sprintf("DEAL-%03d", len(s.rows.Deals)+1), CustomerID: customer, LeadID: lead, Title: parts[0],
		AmountCents: pieces * s.listPrice(parts[1], Today), Currency: Currency, ExpectedCloseOn: text(workday(expected)), OwnerID: owner}
	s.rows.Deals = append(s.rows.Deals, row)
	stages := slices.Clone(dealStages[:depth])
	if outcome != "" {
		stages = append(stages, outcome)
	}
	days := make([]string, len(stages))
	for step := len(stages) - 1; step >= 0; step-- {
		days[step] = text(last)
		last = last.AddDate(0, 0, -int(s.between(9, 35)))
	}
	for step, stage := range stages {
		s.rows.DealSteps = append(s.rows.DealSteps, DealStep{row.ID, step + 1, stage, days[step]})
	}
}

// makeQuotes makes the quotes of the last two months of 2025: of the customers' deals that have come to a proposal.
func (s *seller) makeQuotes() {
	numbers := map[string]int{}
	for n, deal := range s.rows.Deals {
		if deal.CustomerID == nil {
			continue
		}
		i := slices.IndexFunc(s.rows.Customers, func(c Customer) bool { return c.ID == *deal.CustomerID })
		proposal := slices.IndexFunc(s.rows.DealSteps, func(step DealStep) bool { return step.DealID == deal.ID && step.Stage == "proposal" })
		if proposal < 0 {
			continue
		}
		day := s.rows.DealSteps[proposal].EnteredOn
		if day[:4] != "2025" {
			day = "2025-12-30"
		}
		product := strings.Split(projects[slices.IndexFunc(projects, func(p string) bool { return strings.HasPrefix(p, deal.Title+"|") })], "|")[1]
		price := s.listPrice(product, day)
		pieces := deal.AmountCents / price
		discount := tier(s.rows.Customers[i].Segment, pieces*price)
		status := "sent"
		switch last := s.lastStage(deal.ID); last {
		case "won":
			status = "accepted"
		case "lost":
			status = "declined"
		}
		id := deal.ID
		s.rows.Quotes = append(s.rows.Quotes, Quote{ID: fmt.Sprintf("draft %d", n), CustomerID: *deal.CustomerID, DealID: &id, Status: status, QuotedOn: day,
			ValidUntil: text(date(day).AddDate(0, 0, 45)), DiscountPercent: discount, ListCents: pieces * price,
			TotalCents: pieces * Discounted(price, discount), Currency: Currency})
		s.rows.QuoteLines = append(s.rows.QuoteLines, QuoteLine{fmt.Sprintf("draft %d", n), 1, product, pieces, price})
	}
	slices.SortStableFunc(s.rows.Quotes, func(a, b Quote) int { return cmp.Compare(a.QuotedOn, b.QuotedOn) })
	for i := range s.rows.Quotes {
		draft := s.rows.Quotes[i].ID
		s.rows.Quotes[i].ID = documentNumber(numbers, "Q", s.rows.Quotes[i].QuotedOn)
		for at := range s.rows.QuoteLines {
			if s.rows.QuoteLines[at].QuoteID == draft {
				s.rows.QuoteLines[at].QuoteID = s.rows.Quotes[i].ID
			}
		}
	}
}

func (s *seller) lastStage(deal string) (stage string) {
	for _, step := range s.rows.DealSteps {
		if step.DealID == deal {
			stage = step.Stage
		}
	}
	return stage
}
