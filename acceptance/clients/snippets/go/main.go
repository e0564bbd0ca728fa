// The newest studies since 2020, page by page. AWS SDK for Go: needs DATASTORE_ID, and the lines of `hilum env`.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/medicalimaging"
	"github.com/aws/aws-sdk-go-v2/service/medicalimaging/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Without it the SDK calls runtime-<host>, which must then resolve to the server as well.
func withoutHostPrefix(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("WithoutHostPrefix", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
	}), middleware.After)
}

func studyDate(date string) types.SearchByAttributeValue {
	return &types.SearchByAttributeValueMemberDICOMStudyDateAndTime{
		Value: types.DICOMStudyDateAndTime{DICOMStudyDate: aws.String(date)},
	}
}

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	client := medicalimaging.NewFromConfig(cfg, medicalimaging.WithAPIOptions(withoutHostPrefix))
	pages := medicalimaging.NewSearchImageSetsPaginator(client, &medicalimaging.SearchImageSetsInput{
		DatastoreId: aws.String(os.Getenv("DATASTORE_ID")),
		SearchCriteria: &types.SearchCriteria{
			Filters: []types.SearchFilter{{
				Operator: types.OperatorBetween,
				Values:   []types.SearchByAttributeValue{studyDate("20200101"), studyDate("20991231")},
			}},
			Sort: &types.Sort{SortField: types.SortFieldDICOMStudyDateAndTime, SortOrder: types.SortOrderDesc},
		},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			log.Fatal(err)
		}
		for _, imageSet := range page.ImageSetsMetadataSummaries {
			tags := imageSet.DICOMTags
			fmt.Printf("%s\t%s\t%s\t%s\n", aws.ToString(tags.DICOMStudyDate), aws.ToString(tags.DICOMSeriesModality),
				aws.ToString(tags.DICOMPatientId), aws.ToString(tags.DICOMStudyDescription))
		}
	}
}
