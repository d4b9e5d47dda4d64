package cite_test

import (
	"slices"
	"testing"

	"bestbox/internal/knowledge/cite"
)

// TestWhatElseASentenceClaimsIsHeldAgainstTheDocuments beside that something is not to be found, or something polite.
func TestWhatElseASentenceClaimsIsHeldAgainstTheDocuments(t *testing.T) {
	t.Parallel()
	passages := []cite.Passage{{Number: 1, Document: "d", Title: "Servers", Text: "Visitors must wear a badge in the server room at all times."}}
	for sentence, marked := range map[string]bool{
		"The documents do not mention it, but dogs must sleep in the server room.":              true,
		"Thank you for your question, employees get 40 days of leave.":                          true,
		"谢谢您的提问，员工每年有40天年假。":                                                                    true,
		"员工还有其他福利，包括住房补贴3000元。":                                                                 true,
		"您还有其他问题吗，或者需要其他帮助。":                                                                    false,
		"The documents do not mention contractors, employees get 40 days of leave.":             true,
		"The documents do not mention contractors, employees or visitors.":                      false,
		"Costs that are not listed in the annex are reimbursed in full.":                        true,
		"涉密文件未按规定销毁，将罚款9000元。":                                                                  true,
		"保密信息不包含客户名单。":                                                                          true,
		"Employees may carry over up to 10 days under these conditions:":                        true,
		"年假为40天，还有其他问题吗？":                                                                       true,
		"Would you like to know more about the 40 days of leave?":                               false,
		"How many of the 40 days are left, and of which year?":                                  false,
		"年假的40天如何申请？":                                                                           false,
		"Although the documents do not mention it, dogs must sleep in the server room.":         true,
		"No information about customers may be passed on to third parties.":                     true,
		"No information about customers is given to third parties.":                             true,
		"Confidential documents are not given to suppliers.":                                    true,
		"Documents of the board are not available to suppliers.":                                true,
		"You may take unlimited leave; feel free to do so.":                                     true,
		"You may take unlimited leave, feel free to do so.":                                     true,
		"The policy does not cover accidents of contractors.":                                   true,
		"合同文件不得包含个人信息。":                                                                         true,
		"文件中没有提到加班费，但员工每月可以休假十天。":                                                               true,
		"没有相关经验的员工不得操作设备。":                                                                      true,
		"I could not find it, so employees receive 30 days.":                                    true,
		"The documents do not say how many days a contractor receives, or when.":                false,
		"There is no information about contractors in the documents.":                           false,
		"No information about overtime pay was found.":                                          false,
		"No mention of overtime pay is made in the documents.":                                  false,
		"The limit for contractors is not mentioned in the passages.":                           false,
		"The limit for contractors is not specified.":                                           false,
		"The exact date is not available.":                                                      false,
		"Parking is not available.":                                                             true,
		"Dental care is not covered by the insurance.":                                          true,
		"Overtime pay is not covered in the provided passages.":                                 false,
		"Information about contractors is not available.":                                       false,
		"The details of the canteen are not included.":                                          false,
		"The specific terms are not provided.":                                                  false,
		"我不知道供应商的付款期限。":                                                                         false,
		"根据现有资料，无法确定供应商的付款期限。":                                                                  false,
		"The policy does not mention contractors.":                                              false,
		"Unfortunately, I could not find anything about contractors.":                           false,
		"I'm sorry, but the documents do not say anything about contractors.":                   false,
		"The documents do not contain this, so I cannot answer the question about contractors.": false,
		"The documents don't mention overtime pay; they don't mention contractors either.":      false,
		"If you need anything else about contractors, let me know.":                             false,
		"For more information about the form, feel free to ask.":                                false,
		"I hope this helps!": false,
		"文件中没有提到加班费，因此无法回答。":                       false,
		"没有找到相关内容。":                                false,
		"如有其他关于休假的问题，请随时联系我。":                      false,
		"资料里并没有明确说明供应商的付款期限。":                      false,
		"It is not in these documents.":            false,
		"这些文件未能说明供应商的付款期限。":                        false,
		"希望以上关于休假制度的信息对您有帮助。":                      false,
		"Thank you for your question about leave.": false,
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			var want []string
			if marked {
				want = []string{sentence}
			}
			if got := cite.Check("", sentence, passages); !slices.Equal(got.Uncited, want) || len(got.Citations) > 0 {
				t.Errorf("marked as uncited: %q, cited: %+v", got.Uncited, got.Citations)
			}
		})
	}
}

// TestAClaimIsCitedBesideWhatIsNotToBeFound since the denial is not part of it.
func TestAClaimIsCitedBesideWhatIsNotToBeFound(t *testing.T) {
	t.Parallel()
	passages := []cite.Passage{{Number: 1, Document: "d", Title: "Servers", Text: "Visitors must wear a badge in the server room at all times. Dogs stay outside."}}
	got := cite.Check("", "The documents do not mention cats, but visitors must wear a badge in the server room.", passages)
	if len(got.Citations) != 1 || len(got.Uncited) > 0 || got.Citations[0].Quote != "Visitors must wear a badge in the server room at all times." {
		t.Errorf("%+v", got)
	}
}

func TestADenialClaimsNothingAndARuleDoesInMoreWords(t *testing.T) {
	t.Parallel()
	for claims, sentences := range map[bool][]string{
		true: {
			"The documents do not mention it, but dogs must sleep in the server room.", "The documents do not mention it, dogs must sleep in the server room.",
			"The documents do not mention it and dogs must sleep in the server room.", "No information about customers may be passed on to third parties.",
			"No information about customers is given to third parties.", "Confidential documents are not given to suppliers.", "Documents that are not named are shredded at once.",
			"合同文件不得包含个人信息。", "文件中没有提到这一点，员工必须睡在机房。", "You may take unlimited leave; feel free to do so.", "Feel free to take unlimited leave.",
			"Employees who are unable to find their badge call the porter.", "请随时佩戴工牌上班。",
		},
		false: {
			"The documents do not say how many days of leave and sick days may be taken.", "The documents do not say how many days a contractor receives, or when they expire.",
			"There is no information about carry-over in the documents.", "文件中没有提到加班费。", "文件中没有说明是否必须佩戴工牌。", "文件中没有提到年假天数，也没有提到病假。", "文件中没有相关内容。",
			"It is not mentioned in the passages.", "The answer is not given in the documents.", "I could not find anything about dogs in the passages.", "I'm sorry, but I could not find it.",
			"Based on the provided passages, there is no information about delivery times, payment terms, or discount rates.", "The provided documents do not contain details of the canteen.",
			"If you have more questions, feel free to ask.", "It is not in the documents: nothing in them is about “the canteen of visitors”.", "抱歉，我无法回答这个问题。", "很抱歉，没有找到关于食堂的内容。",
		},
	} {
		for _, sentence := range sentences {
			t.Run(sentence, func(t *testing.T) {
				t.Parallel()
				if got := cite.Check("", sentence, leave); len(got.Uncited) > 0 != claims || len(got.Citations) > 0 {
					t.Errorf("marked as uncited %q, cited %v", got.Uncited, got.Citations)
				}
			})
		}
	}
}
